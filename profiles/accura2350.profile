# Rootech Accura 2300 with 2350 modules: one circuit of up to 40. Holding registers, binary floats, as the public
# program ganadara135/ems206 reads them of its first circuits. Every circuit is a measuring point with the meter address
# UNIT:OFFSET, where OFFSET is 150 for the second, 300 for the third, 150 more for each further one: that program has
# circuits from the fifth on elsewhere, and its maker's manual was not at hand: compare with the display.
profile  accura2350
codec    modbus_rtu
period   60s
gap      8
order    ABCD
register power.active.total_kW                  3 11266 f32
register power.reactive.total_kvar              3 11274 f32
register power.apparent.total_kVA               3 11282 f32
register power_factor.total_pct                 3 11330 f32 scale=100   # as a fraction, not confirmed
