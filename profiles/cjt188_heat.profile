# Heat meters by CJ/T 188, of 2004 and 2018 (told apart by the length of the answer). Energy comes in kWh or in joules,
# as the meter counts. Meters of heat and cooling may put the cooling first: first_cooling 1. Meters of 2018 that keep
# more than 12 months: edition 2018.
profile  cjt188_heat
codec    cjt188
period   1h
setting  meter_type 32
setting  baud       2400
setting  parity     2
read     heat.energy_kWh
read     heat.energy_GJ
read     heat.volume_m3
read     heat.power_kW
read     heat.flow_m3h
read     heat.temperature.supply_C
read     heat.temperature.return_C
read     heat.working_h
