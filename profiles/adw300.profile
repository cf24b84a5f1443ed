# Acrel ADW300, in part: what the public program evcc reads of it. Holding registers, whole numbers; scales as of
# the public driver of the DTSD1352, its sister. Both are not confirmed for all variants: compare with the display
# before use, and put the ratios of transformers into the scales.
profile  adw300
codec    modbus_rtu
period   60s
gap      8
order    ABCD
register power.active.total_kW            3 0x0024 i32 scale=0.001
register energy.active.import.total_kWh   3 0x003E u32 scale=0.01
register energy.active.export.total_kWh   3 0x0040 u32 scale=0.01
