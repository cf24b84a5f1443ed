# A feeder terminal with IEC 60870-5-104, as an example of object lines. The addresses follow a plan that is common in
# China (states from 1, measurements from 0x4001, control from 0x6001, counters from 0x6401); plans differ from
# province to province: compare with the terminal's own list before use.
profile  iec104_feeder
codec    iec104
period   15m               # station and counter interrogation; between them the terminal reports by itself
setting  common_address 0  # the terminal's address, if it is a number up to 65534; else 1
setting  t1_s 30           # mobile networks are slow
setting  t2_s 5
object relay.state                        1
object input.state                        2
object voltage.l1_V                       0x4001
object voltage.l2_V                       0x4002
object voltage.l3_V                       0x4003
object current.l1_A                       0x4004
object current.l2_A                       0x4005
object current.l3_A                       0x4006
object power.active.total_kW              0x4007
object power.reactive.total_kvar          0x4008
object power_factor.total_pct             0x4009 scale=100   # sent as a fraction
object frequency_Hz                       0x400A
object energy.active.import.total_kWh     0x6401 counter=5 scale=0.01
object energy.active.export.total_kWh     0x6402 counter=5 scale=0.01
object relay.state                        0x6001 command=double select=1
