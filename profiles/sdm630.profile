# Eastron SDM630 and meters with its map (SDM72, SDM120, SDM230 have parts of it). Input registers, binary floats in W,
# var and A; power factor as a fraction. Addresses as the public driver volkszaehler/mbmd has them.
profile  sdm630
codec    modbus_rtu
period   60s
gap      8
most     80                # the manual's limit is 40 values
order    ABCD
register voltage.l1_V                     4 0x0000 f32
register voltage.l2_V                     4 0x0002 f32
register voltage.l3_V                     4 0x0004 f32
register current.l1_A                     4 0x0006 f32
register current.l2_A                     4 0x0008 f32
register current.l3_A                     4 0x000A f32
register power.active.l1_kW               4 0x000C f32 scale=0.001
register power.active.l2_kW               4 0x000E f32 scale=0.001
register power.active.l3_kW               4 0x0010 f32 scale=0.001
register power.reactive.l1_kvar           4 0x0018 f32 scale=0.001
register power.reactive.l2_kvar           4 0x001A f32 scale=0.001
register power.reactive.l3_kvar           4 0x001C f32 scale=0.001
register power_factor.l1_pct              4 0x001E f32 scale=100
register power_factor.l2_pct              4 0x0020 f32 scale=100
register power_factor.l3_pct              4 0x0022 f32 scale=100
register power.active.total_kW            4 0x0034 f32 scale=0.001
register power.reactive.total_kvar        4 0x003C f32 scale=0.001
register power_factor.total_pct           4 0x003E f32 scale=100
register frequency_Hz                     4 0x0046 f32
register energy.active.import.total_kWh   4 0x0048 f32
register energy.active.export.total_kWh   4 0x004A f32
register energy.reactive.combined1.total_kvarh 4 0x004C f32
register energy.reactive.combined2.total_kvarh 4 0x004E f32
register energy.active.absolute.total_kWh 4 0x0156 f32
