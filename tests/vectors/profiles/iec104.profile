# Objects of the vectors.
profile  iec104
codec    iec104
setting  common_address 1
object input.state                       1
object relay.state                       2     mp=1
object input.state                       3     mp=2
object voltage.l1_V                      0x4001
object voltage.l2_V                      0x4002
object voltage.l3_V                      0x4003
object current.l1_A                      0x4004
object energy.active.import.total_kWh    25601 scale=0.01 counter=5
object relay.state                       32
object power.active.total_kW             11    ca=115 scale=100
object frequency_Hz                      4     ca=401
object energy.active.export.total_kWh    25602 scale=0.01 counter=2
object current.l2_A                      0x4010 group=3
object current.l3_A                      0x4011 group=3
object relay.state                       24577 command=double select=1
object input.state                       24578 command=single mp=1
object voltage.l1_V                      24579 command=float
object voltage.l2_V                      24580 command=scaled scale=0.1
object power.active.total_kW             24582 command=normalized scale=1000 select=1
object input.change                      24581 command=bits
object relay.state                       24583 command=single mp=3 time=1
object input.state                       24584 command=step mp=3 qualifier=1
