# The meters behind the simulated gateways; bench/terminal_dtu.h has the same map.
profile sim_meter
codec modbus_rtu
period 2s
gap 8
order ABCD
register energy.active.import.total_kWh 3 0 u32 scale=0.0001
register voltage.l1_V 3 2 u16 scale=0.1
register voltage.l2_V 3 3 u16 scale=0.1
register voltage.l3_V 3 4 u16 scale=0.1
register power.reactive.l1_kvar 3 5 i16 scale=0.001
register power.reactive.l2_kvar 3 6 i16 scale=0.001
register power.reactive.l3_kvar 3 7 i16 scale=0.001
register power.active.total_kW 3 10 i32 order=CDAB scale=0.0001
register current.l1_A 3 12 f32
register current.l2_A 3 14 f32 order=CDAB
register current.l3_A 3 16 f32 order=BADC
register frequency_Hz 3 18 f32 order=DCBA
register power.apparent.total_kVA 3 20 bcd32 scale=0.0001
register energy.reactive.combined1.total_kvarh 3 0x100 u32 order=CDAB scale=0.0001
register energy.active.export.total_kWh 3 0x102 u64 order=CDAB scale=0.0001
register power.active.l1_kW 3 0x106 i32 scale=0.0001
register power.active.l2_kW 3 0x108 i32 order=BADC scale=0.0001
register power.active.l3_kW 3 0x10A i32 order=DCBA scale=0.0001
register relay.state 3 0x10C bits:4:8
register power_factor.total_pct 3 0x10D bcd16 scale=0.1
register angle.voltage.l1_deg 3 0x10E i16 scale=0.1
register current.zero_sequence_A 3 0x10F u16 scale=0.001 none=0xFFFF
