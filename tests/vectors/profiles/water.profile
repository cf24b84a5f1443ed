# Three registers one behind the other, and one far away.
profile  water
codec    modbus_rtu
register voltage.l1_V 3 107 u16 scale=0.1
register voltage.l2_V 3 108 u16 scale=0.1
register voltage.l3_V 3 109 u16 scale=0.1
register frequency_Hz 3 400 u16 scale=0.01
