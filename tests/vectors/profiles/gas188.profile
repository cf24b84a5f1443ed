profile gas188
codec   cjt188
setting meter_type 48
