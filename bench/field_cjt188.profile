# The water meters of bench/field_cjt188.c.
profile field_cjt188
codec cjt188
period 5s
read water.cold.volume_m3
read time.clock
read valve.state
