# XY-MD02 and sensors with its map (SHT20): temperature and humidity of a room. Input registers as the public driver
# t-teja/Sensors has them. Some MD02 differ; not confirmed for all.
profile  xy_md02
codec    modbus_rtu
period   60s
register environment.temperature_degC           4 1 i16 scale=0.1
register environment.humidity_pct               4 2 u16 scale=0.1
