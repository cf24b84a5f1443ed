# SunSpec inverters with whole numbers (models 101, 102, 103) where they usually stand: marker at 40000, a common model
# 65 long (SolarEdge, Fronius). Where the common model is 66 long, as the standard has it, use the meter address UNIT:1.
# `fepctl modbus sunspec LINE UNIT --profile NAME` writes one with a device's own addresses, and its controls (model
# 123), ratings, settings and trackers too.
profile  sunspec_inverter
codec    modbus_rtu
period   60s
gap      8
order    ABCD
register current.sum_A                            3 40071 u16 none=0xFFFF sf=40075
register current.l1_A                             3 40072 u16 none=0xFFFF sf=40075
register current.l2_A                             3 40073 u16 none=0xFFFF sf=40075
register current.l3_A                             3 40074 u16 none=0xFFFF sf=40075
register voltage.l1_l2_V                          3 40076 u16 none=0xFFFF sf=40082
register voltage.l2_l3_V                          3 40077 u16 none=0xFFFF sf=40082
register voltage.l3_l1_V                          3 40078 u16 none=0xFFFF sf=40082
register voltage.l1_V                             3 40079 u16 none=0xFFFF sf=40082
register voltage.l2_V                             3 40080 u16 none=0xFFFF sf=40082
register voltage.l3_V                             3 40081 u16 none=0xFFFF sf=40082
register power.active.export.total_kW             3 40083 i16 scale=0.001 none=-32768 sf=40084
register frequency_Hz                             3 40085 u16 none=0xFFFF sf=40086
register power.apparent.total_kVA                 3 40087 i16 scale=0.001 none=-32768 sf=40088
register power.reactive.total_kvar                3 40089 i16 scale=0.001 none=-32768 sf=40090
register power_factor.total_pct                   3 40091 i16 none=-32768 sf=40092
register energy.active.export.total_kWh           3 40093 u32 scale=0.001 none=0 sf=40095
register inverter.dc.current.total_A              3 40096 u16 none=0xFFFF sf=40097
register inverter.dc.voltage.total_V              3 40098 u16 none=0xFFFF sf=40099
register inverter.dc.power.total_kW               3 40100 i16 scale=0.001 none=-32768 sf=40101
register inverter.temperature.cabinet_degC        3 40102 i16 none=-32768 sf=40106
register inverter.temperature.sink_degC           3 40103 i16 none=-32768 sf=40106
register inverter.temperature.transformer_degC    3 40104 i16 none=-32768 sf=40106
register inverter.temperature.other_degC          3 40105 i16 none=-32768 sf=40106
register inverter.state                           3 40107 u16 none=0xFFFF
register inverter.state.vendor                    3 40108 u16 none=0xFFFF
register inverter.events1                         3 40109 u32 none=0xFFFFFFFF
register inverter.events2                         3 40111 u32 none=0xFFFFFFFF
register inverter.events3                         3 40113 u32 none=0xFFFFFFFF
