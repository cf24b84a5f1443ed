# Sungrow string inverters. Addresses as their documents print them (the wire has one less), as the public programs
# SunGather and mkaiser's have them; 32-bit values low word first. Not confirmed on a device: the block of controls
# (there is a newer one from 5039 on), the low word first of older firmware, and 0.1 Hz (some have 0.01 elsewhere).
# Switches are 0xAA (170) on and 0x55 (85) off; start_stop is 0xCF (207) start and 0xCE (206) stop.
profile  sungrow_string
codec    modbus_rtu
period   60s
gap      8
offset   -1
order    CDAB
register inverter.rating_kW                     4 5001 u16 scale=0.1
register energy.active.export.today.total_kWh   4 5003 u16 scale=0.1
register energy.active.export.total_kWh         4 5004 u32
register inverter.temperature.cabinet_degC      4 5008 i16 scale=0.1
register inverter.dc.power.total_kW             4 5017 u32 scale=0.001
register voltage.l1_V                           4 5019 u16 scale=0.1
register voltage.l2_V                           4 5020 u16 scale=0.1
register voltage.l3_V                           4 5021 u16 scale=0.1
register power.active.export.total_kW           4 5031 u32 scale=0.001
register power.reactive.total_kvar              4 5033 i32 scale=0.001
register power_factor.total_pct                 4 5035 i16 scale=0.1      # 0.001
register frequency_Hz                           4 5036 u16 scale=0.1
register inverter.state                         4 5038 u16
register inverter.start_stop                    3 5006 u16 write=1
register inverter.limit.active.enabled          3 5007 u16 write=1
register inverter.limit.active_pct              3 5008 u16 scale=0.1 write=1
register inverter.limit.export.enabled          3 5010 u16 write=1
register inverter.target.power_factor_pct       3 5019 i16 scale=0.1 write=1   # 0.001
