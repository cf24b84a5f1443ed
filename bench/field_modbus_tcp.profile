# The registers of bench/field_modbus_tcp.c.
profile  field_modbus_tcp
codec    modbus_rtu
period   10s
setting  in_flight 4
register energy.active.import.total_kWh   3 0 u32 scale=0.01
register energy.active.export.total_kWh   3 2 u32 scale=0.01
register voltage.l1_V                     3 4 u16 scale=0.1
register current.l1_A                     3 5 u16 scale=0.001
register power.active.total_kW            3 6 i32 scale=0.0001
register power_factor.total_pct           3 8 u16 scale=0.1      # 0.001
register frequency_Hz                     3 9 u16 scale=0.01
register inverter.limit.active_pct        3 100 u16 scale=0.1 write=1
