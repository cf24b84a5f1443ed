# Every type and order, gaps and bits.
profile  orders
codec    modbus_rtu
period   15m
gap      4
most     20
register voltage.l1_V              4 0  i32 scale=0.001
register voltage.l2_V              3 10 f32
register voltage.l3_V              3 12 f32 order=CDAB
register current.l1_A              3 14 f32 order=BADC
register current.l2_A              3 16 f32 order=DCBA
register current.l3_A              3 24 u32 order=CDAB scale=0.01
register power.active.total_kW     3 26 i16 scale=0.1 none=-32768
register power.active.l1_kW        3 27 u16 order=DCBA
register relay.state               3 28 bits:4:3
register input.state               3 28 bit:15
register power.active.l2_kW        3 29 bcd16 scale=0.01
register power.active.l3_kW        3 100 bcd32
register energy.active.import.total_kWh 3 102 u64 scale=0.001 none=0xFFFFFFFFFFFFFFFF
register energy.active.export.total_kWh 3 106 i64 order=CDAB
register frequency_Hz              3 110 f64 order=DCBA scale=0.5
register energy.reactive.combined1.total_kvarh 3 114 i64 order=BADC scale=1000
register meter.status.word1        1 304 bit
register meter.status.word2        1 340 bit
register meter.status.word3        2 452 bit
register meter.status.word4        2 473 bit none=1
