# A meter of the first edition.
profile dlt645_1997
codec dlt645
setting edition 1997
read energy.active.import.total_kWh
read voltage.l1_V
read current.l1_A
read power.active.total_kW
read power_factor.total_pct
