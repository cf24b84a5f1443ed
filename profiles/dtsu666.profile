# CHINT DTSU666, directly connected. Holding registers, binary floats that carry scaled integers. Addresses as the
# public drivers volkszaehler/mbmd and gerontec/dtsu666 have them. The scales differ between firmware variants and
# with current transformers: compare with the display before use.
profile  dtsu666
codec    modbus_rtu
period   60s
gap      8
order    ABCD
register energy.active.import.total_kWh   3 0x101E f32
register energy.active.export.total_kWh   3 0x1028 f32
register voltage.l1_l2_V                  3 0x2000 f32 scale=0.1
register voltage.l2_l3_V                  3 0x2002 f32 scale=0.1
register voltage.l3_l1_V                  3 0x2004 f32 scale=0.1
register voltage.l1_V                     3 0x2006 f32 scale=0.1
register voltage.l2_V                     3 0x2008 f32 scale=0.1
register voltage.l3_V                     3 0x200A f32 scale=0.1
register current.l1_A                     3 0x200C f32 scale=0.001
register current.l2_A                     3 0x200E f32 scale=0.001
register current.l3_A                     3 0x2010 f32 scale=0.001
register power.active.total_kW            3 0x2012 f32 scale=0.0001   # 0.1 W
register power.active.l1_kW               3 0x2014 f32 scale=0.0001
register power.active.l2_kW               3 0x2016 f32 scale=0.0001
register power.active.l3_kW               3 0x2018 f32 scale=0.0001
register power.reactive.total_kvar        3 0x201A f32 scale=0.0001
register power_factor.total_pct           3 0x202A f32 scale=0.1      # 0.001
register frequency_Hz                     3 0x2044 f32 scale=0.01
