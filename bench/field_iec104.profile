# The simulated station of field_iec104.c: 32 measuring points. Written by hand once for the first, then counted on.
profile  field_iec104
codec    iec104
period   1m
object relay.state 1 mp=1
object voltage.l1_V 16385 mp=1 scale=0.1
object current.l1_A 16386 mp=1 scale=0.001
object power.active.total_kW 16387 mp=1 scale=0.0001
object energy.active.import.total_kWh 25601 mp=1 scale=0.01 counter=5
object relay.state 24577 mp=1 command=single select=1
object power.active.total_kW 25089 mp=1 command=scaled scale=0.1
object relay.state 2 mp=2
object voltage.l1_V 16393 mp=2 scale=0.1
object current.l1_A 16394 mp=2 scale=0.001
object power.active.total_kW 16395 mp=2 scale=0.0001
object energy.active.import.total_kWh 25602 mp=2 scale=0.01 counter=5
object relay.state 24578 mp=2 command=single select=1
object power.active.total_kW 25090 mp=2 command=scaled scale=0.1
object relay.state 3 mp=3
object voltage.l1_V 16401 mp=3 scale=0.1
object current.l1_A 16402 mp=3 scale=0.001
object power.active.total_kW 16403 mp=3 scale=0.0001
object energy.active.import.total_kWh 25603 mp=3 scale=0.01 counter=5
object relay.state 24579 mp=3 command=single select=1
object power.active.total_kW 25091 mp=3 command=scaled scale=0.1
object relay.state 4 mp=4
object voltage.l1_V 16409 mp=4 scale=0.1
object current.l1_A 16410 mp=4 scale=0.001
object power.active.total_kW 16411 mp=4 scale=0.0001
object energy.active.import.total_kWh 25604 mp=4 scale=0.01 counter=5
object relay.state 24580 mp=4 command=single select=1
object power.active.total_kW 25092 mp=4 command=scaled scale=0.1
object relay.state 5 mp=5
object voltage.l1_V 16417 mp=5 scale=0.1
object current.l1_A 16418 mp=5 scale=0.001
object power.active.total_kW 16419 mp=5 scale=0.0001
object energy.active.import.total_kWh 25605 mp=5 scale=0.01 counter=5
object relay.state 24581 mp=5 command=single select=1
object power.active.total_kW 25093 mp=5 command=scaled scale=0.1
object relay.state 6 mp=6
object voltage.l1_V 16425 mp=6 scale=0.1
object current.l1_A 16426 mp=6 scale=0.001
object power.active.total_kW 16427 mp=6 scale=0.0001
object energy.active.import.total_kWh 25606 mp=6 scale=0.01 counter=5
object relay.state 24582 mp=6 command=single select=1
object power.active.total_kW 25094 mp=6 command=scaled scale=0.1
object relay.state 7 mp=7
object voltage.l1_V 16433 mp=7 scale=0.1
object current.l1_A 16434 mp=7 scale=0.001
object power.active.total_kW 16435 mp=7 scale=0.0001
object energy.active.import.total_kWh 25607 mp=7 scale=0.01 counter=5
object relay.state 24583 mp=7 command=single select=1
object power.active.total_kW 25095 mp=7 command=scaled scale=0.1
object relay.state 8 mp=8
object voltage.l1_V 16441 mp=8 scale=0.1
object current.l1_A 16442 mp=8 scale=0.001
object power.active.total_kW 16443 mp=8 scale=0.0001
object energy.active.import.total_kWh 25608 mp=8 scale=0.01 counter=5
object relay.state 24584 mp=8 command=single select=1
object power.active.total_kW 25096 mp=8 command=scaled scale=0.1
object relay.state 9 mp=9
object voltage.l1_V 16449 mp=9 scale=0.1
object current.l1_A 16450 mp=9 scale=0.001
object power.active.total_kW 16451 mp=9 scale=0.0001
object energy.active.import.total_kWh 25609 mp=9 scale=0.01 counter=5
object relay.state 24585 mp=9 command=single select=1
object power.active.total_kW 25097 mp=9 command=scaled scale=0.1
object relay.state 10 mp=10
object voltage.l1_V 16457 mp=10 scale=0.1
object current.l1_A 16458 mp=10 scale=0.001
object power.active.total_kW 16459 mp=10 scale=0.0001
object energy.active.import.total_kWh 25610 mp=10 scale=0.01 counter=5
object relay.state 24586 mp=10 command=single select=1
object power.active.total_kW 25098 mp=10 command=scaled scale=0.1
object relay.state 11 mp=11
object voltage.l1_V 16465 mp=11 scale=0.1
object current.l1_A 16466 mp=11 scale=0.001
object power.active.total_kW 16467 mp=11 scale=0.0001
object energy.active.import.total_kWh 25611 mp=11 scale=0.01 counter=5
object relay.state 24587 mp=11 command=single select=1
object power.active.total_kW 25099 mp=11 command=scaled scale=0.1
object relay.state 12 mp=12
object voltage.l1_V 16473 mp=12 scale=0.1
object current.l1_A 16474 mp=12 scale=0.001
object power.active.total_kW 16475 mp=12 scale=0.0001
object energy.active.import.total_kWh 25612 mp=12 scale=0.01 counter=5
object relay.state 24588 mp=12 command=single select=1
object power.active.total_kW 25100 mp=12 command=scaled scale=0.1
object relay.state 13 mp=13
object voltage.l1_V 16481 mp=13 scale=0.1
object current.l1_A 16482 mp=13 scale=0.001
object power.active.total_kW 16483 mp=13 scale=0.0001
object energy.active.import.total_kWh 25613 mp=13 scale=0.01 counter=5
object relay.state 24589 mp=13 command=single select=1
object power.active.total_kW 25101 mp=13 command=scaled scale=0.1
object relay.state 14 mp=14
object voltage.l1_V 16489 mp=14 scale=0.1
object current.l1_A 16490 mp=14 scale=0.001
object power.active.total_kW 16491 mp=14 scale=0.0001
object energy.active.import.total_kWh 25614 mp=14 scale=0.01 counter=5
object relay.state 24590 mp=14 command=single select=1
object power.active.total_kW 25102 mp=14 command=scaled scale=0.1
object relay.state 15 mp=15
object voltage.l1_V 16497 mp=15 scale=0.1
object current.l1_A 16498 mp=15 scale=0.001
object power.active.total_kW 16499 mp=15 scale=0.0001
object energy.active.import.total_kWh 25615 mp=15 scale=0.01 counter=5
object relay.state 24591 mp=15 command=single select=1
object power.active.total_kW 25103 mp=15 command=scaled scale=0.1
object relay.state 16 mp=16
object voltage.l1_V 16505 mp=16 scale=0.1
object current.l1_A 16506 mp=16 scale=0.001
object power.active.total_kW 16507 mp=16 scale=0.0001
object energy.active.import.total_kWh 25616 mp=16 scale=0.01 counter=5
object relay.state 24592 mp=16 command=single select=1
object power.active.total_kW 25104 mp=16 command=scaled scale=0.1
object relay.state 17 mp=17
object voltage.l1_V 16513 mp=17 scale=0.1
object current.l1_A 16514 mp=17 scale=0.001
object power.active.total_kW 16515 mp=17 scale=0.0001
object energy.active.import.total_kWh 25617 mp=17 scale=0.01 counter=5
object relay.state 24593 mp=17 command=single select=1
object power.active.total_kW 25105 mp=17 command=scaled scale=0.1
object relay.state 18 mp=18
object voltage.l1_V 16521 mp=18 scale=0.1
object current.l1_A 16522 mp=18 scale=0.001
object power.active.total_kW 16523 mp=18 scale=0.0001
object energy.active.import.total_kWh 25618 mp=18 scale=0.01 counter=5
object relay.state 24594 mp=18 command=single select=1
object power.active.total_kW 25106 mp=18 command=scaled scale=0.1
object relay.state 19 mp=19
object voltage.l1_V 16529 mp=19 scale=0.1
object current.l1_A 16530 mp=19 scale=0.001
object power.active.total_kW 16531 mp=19 scale=0.0001
object energy.active.import.total_kWh 25619 mp=19 scale=0.01 counter=5
object relay.state 24595 mp=19 command=single select=1
object power.active.total_kW 25107 mp=19 command=scaled scale=0.1
object relay.state 20 mp=20
object voltage.l1_V 16537 mp=20 scale=0.1
object current.l1_A 16538 mp=20 scale=0.001
object power.active.total_kW 16539 mp=20 scale=0.0001
object energy.active.import.total_kWh 25620 mp=20 scale=0.01 counter=5
object relay.state 24596 mp=20 command=single select=1
object power.active.total_kW 25108 mp=20 command=scaled scale=0.1
object relay.state 21 mp=21
object voltage.l1_V 16545 mp=21 scale=0.1
object current.l1_A 16546 mp=21 scale=0.001
object power.active.total_kW 16547 mp=21 scale=0.0001
object energy.active.import.total_kWh 25621 mp=21 scale=0.01 counter=5
object relay.state 24597 mp=21 command=single select=1
object power.active.total_kW 25109 mp=21 command=scaled scale=0.1
object relay.state 22 mp=22
object voltage.l1_V 16553 mp=22 scale=0.1
object current.l1_A 16554 mp=22 scale=0.001
object power.active.total_kW 16555 mp=22 scale=0.0001
object energy.active.import.total_kWh 25622 mp=22 scale=0.01 counter=5
object relay.state 24598 mp=22 command=single select=1
object power.active.total_kW 25110 mp=22 command=scaled scale=0.1
object relay.state 23 mp=23
object voltage.l1_V 16561 mp=23 scale=0.1
object current.l1_A 16562 mp=23 scale=0.001
object power.active.total_kW 16563 mp=23 scale=0.0001
object energy.active.import.total_kWh 25623 mp=23 scale=0.01 counter=5
object relay.state 24599 mp=23 command=single select=1
object power.active.total_kW 25111 mp=23 command=scaled scale=0.1
object relay.state 24 mp=24
object voltage.l1_V 16569 mp=24 scale=0.1
object current.l1_A 16570 mp=24 scale=0.001
object power.active.total_kW 16571 mp=24 scale=0.0001
object energy.active.import.total_kWh 25624 mp=24 scale=0.01 counter=5
object relay.state 24600 mp=24 command=single select=1
object power.active.total_kW 25112 mp=24 command=scaled scale=0.1
object relay.state 25 mp=25
object voltage.l1_V 16577 mp=25 scale=0.1
object current.l1_A 16578 mp=25 scale=0.001
object power.active.total_kW 16579 mp=25 scale=0.0001
object energy.active.import.total_kWh 25625 mp=25 scale=0.01 counter=5
object relay.state 24601 mp=25 command=single select=1
object power.active.total_kW 25113 mp=25 command=scaled scale=0.1
object relay.state 26 mp=26
object voltage.l1_V 16585 mp=26 scale=0.1
object current.l1_A 16586 mp=26 scale=0.001
object power.active.total_kW 16587 mp=26 scale=0.0001
object energy.active.import.total_kWh 25626 mp=26 scale=0.01 counter=5
object relay.state 24602 mp=26 command=single select=1
object power.active.total_kW 25114 mp=26 command=scaled scale=0.1
object relay.state 27 mp=27
object voltage.l1_V 16593 mp=27 scale=0.1
object current.l1_A 16594 mp=27 scale=0.001
object power.active.total_kW 16595 mp=27 scale=0.0001
object energy.active.import.total_kWh 25627 mp=27 scale=0.01 counter=5
object relay.state 24603 mp=27 command=single select=1
object power.active.total_kW 25115 mp=27 command=scaled scale=0.1
object relay.state 28 mp=28
object voltage.l1_V 16601 mp=28 scale=0.1
object current.l1_A 16602 mp=28 scale=0.001
object power.active.total_kW 16603 mp=28 scale=0.0001
object energy.active.import.total_kWh 25628 mp=28 scale=0.01 counter=5
object relay.state 24604 mp=28 command=single select=1
object power.active.total_kW 25116 mp=28 command=scaled scale=0.1
object relay.state 29 mp=29
object voltage.l1_V 16609 mp=29 scale=0.1
object current.l1_A 16610 mp=29 scale=0.001
object power.active.total_kW 16611 mp=29 scale=0.0001
object energy.active.import.total_kWh 25629 mp=29 scale=0.01 counter=5
object relay.state 24605 mp=29 command=single select=1
object power.active.total_kW 25117 mp=29 command=scaled scale=0.1
object relay.state 30 mp=30
object voltage.l1_V 16617 mp=30 scale=0.1
object current.l1_A 16618 mp=30 scale=0.001
object power.active.total_kW 16619 mp=30 scale=0.0001
object energy.active.import.total_kWh 25630 mp=30 scale=0.01 counter=5
object relay.state 24606 mp=30 command=single select=1
object power.active.total_kW 25118 mp=30 command=scaled scale=0.1
object relay.state 31 mp=31
object voltage.l1_V 16625 mp=31 scale=0.1
object current.l1_A 16626 mp=31 scale=0.001
object power.active.total_kW 16627 mp=31 scale=0.0001
object energy.active.import.total_kWh 25631 mp=31 scale=0.01 counter=5
object relay.state 24607 mp=31 command=single select=1
object power.active.total_kW 25119 mp=31 command=scaled scale=0.1
object relay.state 32 mp=32
object voltage.l1_V 16633 mp=32 scale=0.1
object current.l1_A 16634 mp=32 scale=0.001
object power.active.total_kW 16635 mp=32 scale=0.0001
object energy.active.import.total_kWh 25632 mp=32 scale=0.01 counter=5
object relay.state 24608 mp=32 command=single select=1
object power.active.total_kW 25120 mp=32 command=scaled scale=0.1
