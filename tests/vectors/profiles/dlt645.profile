# A meter that wants to be woken, with a password.
profile dlt645
codec dlt645
setting preamble 4
setting password 4123456
setting operator 87654321
read energy.active.import.total_kWh
read voltage.l1_V
read voltage.l2_V
read voltage.l3_V
read power_factor.total_pct
