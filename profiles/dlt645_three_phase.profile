# A three-phase meter of DL/T 645-2007: smart meters of the State Grid specification Q/GDW 1827 and their like. The
# identifiers are the standard's own; nothing here is a maker's. Values are those the meter shows: the ratios of
# current and voltage transformers are not in them. A meter for three wires has no values of phase B. The password is
# the one meters leave the factory with (level 02, 000000): set that of yours before switching.
profile dlt645_three_phase
codec   dlt645
period  15m
setting edition 2007
setting baud 2400
setting parity 2
setting preamble 4
setting password 2000000
setting operator 0
setting seal 1
read energy.active.import.total_kWh
read energy.active.export.total_kWh
read energy.reactive.combined1.total_kvarh
read energy.reactive.combined2.total_kvarh
read voltage.l1_V
read voltage.l2_V
read voltage.l3_V
read current.l1_A
read current.l2_A
read current.l3_A
read power.active.total_kW
read power.active.l1_kW
read power.active.l2_kW
read power.active.l3_kW
read power.reactive.total_kvar
read power.reactive.l1_kvar
read power.reactive.l2_kvar
read power.reactive.l3_kvar
read power_factor.total_pct
read power_factor.l1_pct
read power_factor.l2_pct
read power_factor.l3_pct
read frequency_Hz
read demand.active.import.total_kW
read demand.active.import.total.time
