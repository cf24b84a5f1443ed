# Eurotherm 3500 temperature controllers, loop 1. Holding registers as the public driver pyhys/minimalmodbus
# (eurotherm3500.py) has them, with one decimal; how many there are depends on the controller's set-up: compare with
# the display. It is written by function 16. Other controllers have other maps; this shows how one is described.
profile  eurotherm3500
codec    modbus_rtu
period   10s
setting  write_many 1
register regulator.setpoint.working_degC        3 5 i16 scale=0.1
register regulator.setpoint_degC                3 24 i16 scale=0.1 write=1
register regulator.output_pct                   3 85 i16 scale=0.1
register regulator.manual                       3 273 u16
register regulator.temperature_degC             3 289 i16 scale=0.1
register regulator.alarm                        3 10213 u16
