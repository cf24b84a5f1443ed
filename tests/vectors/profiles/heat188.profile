# A heat meter on its own identifier order, woken by two bytes; a poll asks for two identifiers.
profile heat188
codec   cjt188
setting meter_type 32
setting di_high_first 1
setting preamble 2
setting edition 2018
read    heat.energy_kWh
read    heat.working_h
read    meter.address
