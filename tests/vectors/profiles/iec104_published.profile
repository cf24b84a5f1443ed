# Objects of the published commands.
profile  iec104_published
codec    iec104
object relay.state                 24577 ca=1    command=double     select=1
object relay.state                 24578 ca=1    command=single     mp=1 select=1
object relay.state                 25087 ca=1    command=single     mp=2
object input.state                 24581 ca=1    command=bits
object voltage.l1_V                24580 ca=1    command=scaled     scale=0.1
object relay.state                 5001  ca=1    command=double     mp=3 select=1
object relay.state                 0x567890 ca=4660 command=step    mp=4 qualifier=1
object voltage.l1_V                0x567891 ca=4660 command=normalized mp=4 scale=32768 qualifier=1
object voltage.l2_V                0x567892 ca=4660 command=float   mp=4 time=1 qualifier=1
object input.state                 0x567893 ca=4660 command=single  mp=4 time=1 qualifier=1
object input.change                0x567894 ca=4660 command=double  mp=4 time=1 qualifier=1
object energy.active.import.total_kWh 1     ca=4660 counter=1
