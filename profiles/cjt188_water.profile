# Cold water meters by CJ/T 188, as most makers build them: identifiers low byte first, valve in bits 1 and 0 of the
# status. Hot water: meter_type 17; gas: 48, with the points gas.*. Makers differ: if a meter is silent, try
# di_high_first 1, or preamble 4 where the line must be woken.
profile  cjt188_water
codec    cjt188
period   1h
setting  meter_type 16
setting  baud       2400
setting  parity     2
read     water.cold.volume_m3
read     water.cold.last_billing.volume_m3
read     time.clock
read     valve.state
read     battery.low
