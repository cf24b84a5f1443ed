# A hot water meter that turns around whatever can be.
profile hot188
codec   cjt188
setting meter_type 17
setting ser_first 1
setting address_high_first 1
setting status_high 1
