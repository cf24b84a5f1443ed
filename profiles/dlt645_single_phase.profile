# A single-phase meter of DL/T 645-2007: smart meters of the State Grid specification Q/GDW 1364 and their like. The
# identifiers are the standard's own; nothing here is a maker's. The password is the one meters leave the factory with
# (level 02, 000000): set that of yours before switching. Balances are there on prepayment meters only: a meter
# without one refuses it and the value is absent.
profile dlt645_single_phase
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
read voltage.l1_V
read current.l1_A
read power.active.total_kW
read power_factor.total_pct
read current.zero_sequence_A
read frequency_Hz
read balance.money_yuan
