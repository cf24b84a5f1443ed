# The electricity meters of bench/field_meter645.h, behind gateways and concentrators.
profile field_dlt645
codec dlt645
period 5s
read energy.active.import.total_kWh
read energy.active.import.t1_kWh
read energy.active.export.total_kWh
read voltage.l1_V
read voltage.l2_V
read voltage.l3_V
read current.l1_A
read current.l2_A
read current.l3_A
read power.active.total_kW
read power_factor.total_pct
read frequency_Hz
