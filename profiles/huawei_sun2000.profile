# Huawei SUN2000 inverters. Wire addresses as printed, as the public library wlcrs/huawei-solar-lib has them. Not
# confirmed on a device: 40118/40120 and 40420..40428 of other models and of the SmartLogger are not here, nor are start
# (40200) and stop (40201), which can only be written; it wants about a second after connecting and half a second
# between requests (line.frame_gap_ms).
profile  huawei_sun2000
codec    modbus_rtu
period   60s
gap      8
order    ABCD
register inverter.events1                       3 32008 u16
register inverter.events2                       3 32009 u16
register inverter.events3                       3 32010 u16
register inverter.dc.power.total_kW             3 32064 i32 scale=0.001
register voltage.l1_l2_V                        3 32066 u16 scale=0.1
register voltage.l2_l3_V                        3 32067 u16 scale=0.1
register voltage.l3_l1_V                        3 32068 u16 scale=0.1
register voltage.l1_V                           3 32069 u16 scale=0.1
register voltage.l2_V                           3 32070 u16 scale=0.1
register voltage.l3_V                           3 32071 u16 scale=0.1
register current.l1_A                           3 32072 i32 scale=0.001
register current.l2_A                           3 32074 i32 scale=0.001
register current.l3_A                           3 32076 i32 scale=0.001
register power.active.export.total_kW           3 32080 i32 scale=0.001
register power.reactive.total_kvar              3 32082 i32 scale=0.001
register power_factor.total_pct                 3 32084 i16 scale=0.1     # 0.001
register frequency_Hz                           3 32085 u16 scale=0.01
register inverter.efficiency_pct                3 32086 u16 scale=0.01
register inverter.temperature.cabinet_degC      3 32087 i16 scale=0.1
register inverter.insulation_kOhm               3 32088 u16               # 0.001 MOhm
register inverter.state                         3 32089 u16
register energy.active.export.total_kWh         3 32106 u32 scale=0.01
register energy.active.export.today.total_kWh   3 32114 u32 scale=0.01
register inverter.target.power_factor_pct       3 40122 i16 scale=0.1 write=1   # 0.001
register inverter.target.reactive.of_kW_pct     3 40123 i16 scale=0.1 write=1   # Q/S 0.001
register inverter.limit.active_pct              3 40125 i16 scale=0.1 write=1
register inverter.limit.active_kW               3 40126 u32 scale=0.001 write=1
