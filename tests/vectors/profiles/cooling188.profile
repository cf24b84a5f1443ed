profile cooling188
codec   cjt188
setting meter_type 0x22
setting first_cooling 1
