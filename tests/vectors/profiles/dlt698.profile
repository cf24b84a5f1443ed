# A 698.45 meter: what is read, and habits of its line.
profile  dlt698
codec    dlt698_meter
period   15m
read     energy.active.import.total_kWh
read     energy.active.import.t1_kWh
read     voltage.l2_V
setting  baud 9600
setting  parity 2
setting  port 2
setting  frame_wait 20
setting  byte_wait 50
