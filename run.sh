#!/bin/bash
# Installs what is missing, builds, and runs fepd with simulated terminals: concentrators that report by Q/GDW 1376.1,
# gateways (DTU) whose Modbus meters are polled, and devices of the other protocols, of each a few.
#   ./run.sh [--terminals N] [--dtus N] [--devices N] [--meters N] [--seconds S] [--data DIR] [--port-base P]
#            [--period-ms MS] [--bench SCENARIO]
# --dtus: how many of the terminals are gateways with Modbus meters, --devices: how many of other protocols (defaults
# 15 in 100 each); --meters: behind each (default 4).
# Ctrl-C stops everything in order: the terminals (they wait for their confirmations and log out), the checker
# (it compares what was sent, confirmed or answered, committed and published), fepd. With --seconds it stops by itself
# and ends 0 only if the comparison holds. A second run on the same directory goes on where the first stopped.
# --bench: when all that is done, a scenario of fepbench, such as push, is run; the last line is its report.
set -u
cd "$(dirname "$(readlink -f "$0")")" || exit 1

TERMINALS=1000
DTUS=
DEVICES=
METERS=4
SECONDS_TO_RUN=0
DATA=var
PORT=7600
PERIOD_MS=5000
BENCH=
FIRST_ADDRESS=310100001
FIRST_GATEWAY=864201060000001 # As in bench/terminal_dtu.c
METERS_MAX=32
METER_RATED_W=20000
SPLIT_EVERY=16 # One answer in so many comes in two pieces
ON_AUTO=500001 # Number of the first device that dials the listener which finds out the protocol
PORTS=9
PYTHON=/usr/bin/python3
TERMINALS_MAX=18000
SMALL_DISK_BYTES=2147483648 # Below it the default reserve would leave nothing
OTHER_DESCRIPTORS=1000 # of fepd besides its sessions: store, feed, door

die ()
{
    echo "run.sh: $*" >&2
    exit 1
}

number ()
{
    if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        die "$1 $2: a number from $3 to $4 is allowed"
    fi
}

while (($# > 0)); do
    case $1 in
    --terminals) number "$1" "${2-}" 1 $TERMINALS_MAX && TERMINALS=$2 ;;
    --dtus) number "$1" "${2-}" 0 $TERMINALS_MAX && DTUS=$2 ;;
    --devices) number "$1" "${2-}" 0 $TERMINALS_MAX && DEVICES=$2 ;;
    --meters) number "$1" "${2-}" 1 $METERS_MAX && METERS=$2 ;;
    --seconds) number "$1" "${2-}" 1 31536000 && SECONDS_TO_RUN=$2 ;;
    --data) [[ -n ${2-} ]] || die "--data needs a directory"; DATA=$2 ;;
    --port-base) number "$1" "${2-}" 1024 $((65536 - PORTS)) && PORT=$2 ;;
    --period-ms) number "$1" "${2-}" 10 86400000 && PERIOD_MS=$2 ;;
    --bench) [[ -f bench/scenarios/${2-}.yaml ]] || die "--bench ${2-}: none of $(cd bench/scenarios && echo *.yaml | sed 's/\.yaml//g')"; BENCH=$2 ;;
    --help | -h) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "$1: no such option; --help lists them" ;;
    esac
    shift 2
done
DTUS=${DTUS:-$((TERMINALS * 15 / 100))}
DEVICES=${DEVICES:-$((TERMINALS * 15 / 100))}
((DTUS + DEVICES < TERMINALS)) || die "--dtus $DTUS --devices $DEVICES: together below --terminals, $TERMINALS"
CONCENTRATORS=$((TERMINALS - DTUS - DEVICES))
GATEWAYS=$((PORT + 3))
FEED=tcp://127.0.0.1:$((PORT + 1))
DOOR=tcp://127.0.0.1:$((PORT + 2))

# Kinds of bench/field_device.c: name, meters, port, number of the first. Those of the last two are dialled by fepd.
KINDS=()

spread ()
{
    local kinds=("dlt645 $METERS $GATEWAYS 1" "cjt188 $METERS $GATEWAYS 1" "gdw1376 $METERS $PORT 1"
        "dlt698 $METERS $((PORT + 4)) 1" "cjt188_direct 1 $((PORT + 5)) 1" "dlt698 $METERS $((PORT + 6)) $ON_AUTO"
        "gdw1376 $METERS $((PORT + 6)) $ON_AUTO" "modbus_tcp $METERS $((PORT + 7)) 1"
        "iec104 $METERS $((PORT + 8)) 1")
    local i name meters port first count
    for i in "${!kinds[@]}"; do
        read -r name meters port first <<<"${kinds[i]}"
        count=$(((DEVICES + ${#kinds[@]} - 1 - i) / ${#kinds[@]}))
        KINDS+=(--kind "$name:$count:$meters:$port:$first")
    done
}

install_packages ()
{
    ./packages.sh packages.txt || die "installing packages failed"
}

build ()
{
    local log=$DATA/build.log
    echo "run.sh: building (log: $log)"
    if ! { cmake --preset release && cmake --build --preset release --target fepd fepctl fepdecode fepsim fepfield fepmeter floor fepbench; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "the build failed; the whole log is in $log"
    fi
}

descriptors ()
{
    local need=$((TERMINALS + OTHER_DESCRIPTORS)) hard
    (($(ulimit -n) >= need)) && return
    hard=$(ulimit -Hn)
    [[ $hard == unlimited ]] || ((hard >= need)) ||
        die "$TERMINALS terminals need $need file descriptors; the hard limit is $hard (ulimit -Hn)"
    ulimit -n "$hard" || die "the limit of file descriptors cannot be raised to $hard"
}

# A port that is taken would only show in fepd's log.
ports_free ()
{
    "$PYTHON" - "$PORT" $PORTS <<'PYTHON' || exit 1
import socket, sys
for port in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"run.sh: port {port} cannot be used: {error.strerror}; choose another with --port-base")
PYTHON
}

write_files ()
{
    local points=$((60000 / PERIOD_MS)) sessions=$((TERMINALS + 100))
    ((points < 1)) && points=1
    ((points > 2040)) && points=2040
    ((sessions < 5000)) && sessions=5000
    local available reserve=''
    available=$(df --output=avail -B1 "$DATA" | tail -n 1)
    if ((available < SMALL_DISK_BYTES)); then
        reserve="  reserve_bytes: $((available / 4 > 1048576 ? available / 4 : 1048576))"
        echo "run.sh: only $((available >> 20)) MiB free in $DATA; a smaller reserve is kept"
    fi
    { mkdir -p "$DATA/profiles" && cp bench/*.profile "$DATA/profiles/"; } ||
        die "$DATA/profiles cannot be written"
    cat >"$DATA/fepd.yaml" <<YAML
# Written by run.sh at each start.
node:
  name: demo
connector:
  sessions: $sessions
  fresh_sessions: $sessions
  fresh_per_address: $sessions
store:
  path: "$DATA/store"
$reserve
feed:
  port: $((PORT + 1))
door:
  port: $((PORT + 2))
archive:
  csv: "$DATA/archive.csv"
  profiles: "$DATA/profiles"
listeners:
  - name: field
    address: 127.0.0.1
    port: $PORT
    codec: gdw1376
    sessions: $sessions
  - name: gateways
    address: 127.0.0.1
    port: $GATEWAYS
    codec: dtu
    registration: "{imei}"
    heartbeat: "HB"
    sessions: $sessions
  - name: dlt698
    address: 127.0.0.1
    port: $((PORT + 4))
    codec: dlt698
    sessions: $sessions
  - name: water
    address: 127.0.0.1
    port: $((PORT + 5))
    codec: cjt188
    sessions: $sessions
  - name: any
    address: 127.0.0.1
    port: $((PORT + 6))
    codec: auto
    sessions: $sessions
YAML
    awk -v n="$CONCENTRATORS" -v first=$FIRST_ADDRESS -v points="$points" -v gateways="$DTUS" \
        -v first_gateway=$FIRST_GATEWAY -v meters="$METERS" -v rated=$METER_RATED_W 'BEGIN {
        print "terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,rated_W,dial,terminal_profile"
        for (i = 0; i < n; i++) {
            for (mp = 1; mp <= points; mp++) {
                printf "%09d,demo %d,%d,60,%d,%012d,,,,,\n", first + i, i + 1, i % 4, mp, i * 4096 + mp
            }
        }
        for (i = 0; i < gateways; i++) {
            for (mp = 1; mp <= meters; mp++) {
                printf "%.0f,gateway %d,%d,60,%d,%d,modbus_rtu,sim_meter,%d,,\n",
                    first_gateway + i, i + 1, i % 4, mp, mp, rated
            }
        }
    }' >"$DATA/archive.csv" || die "$DATA/archive.csv cannot be written"
    { build/bin/fepfield "${KINDS[@]}" --archive "$DATA/field.csv" && cat "$DATA/field.csv" >>"$DATA/archive.csv"; } ||
        die "$DATA/archive.csv cannot be written"
}

FEPD=''
SIM=''
FIELD=''
CHECK=''
LIVE=''
STOPPING=0
FAILED=

alive ()
{
    [[ -n $1 ]] && kill -0 "$1" 2>/dev/null
}

# Ends one of ours and waits for it: name of the variable that holds its pid, seconds until SIGKILL.
finish ()
{
    local pid=${!1} left=$(($2 * 10)) status=0
    [[ -n $pid ]] || return 0
    kill -TERM "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null && ((left-- > 0)); do
        sleep 0.1
    done
    if kill -0 "$pid" 2>/dev/null; then
        echo "run.sh: process $pid did not end in $2 s; killed" >&2
        kill -KILL "$pid" 2>/dev/null
    fi
    wait "$pid"
    status=$?
    printf -v "$1" ''
    return $status
}

fail ()
{
    FAILED=${FAILED:-$*}
}

# Whatever happens, nothing of ours is left. The checker has nothing to judge then.
clean ()
{
    trap '' INT TERM
    finish LIVE 5
    [[ -z $CHECK ]] || kill -KILL "$CHECK" 2>/dev/null
    finish CHECK 1
    finish SIM 5
    finish FIELD 5
    finish FEPD 25
} 2>/dev/null

start_fepd ()
{
    build/bin/fepd -c "$DATA/fepd.yaml" >>"$DATA/fepd.log" 2>&1 </dev/null &
    FEPD=$!
    local tries=0
    while ! "$PYTHON" bench/live.py --door $DOOR --wait-s 1; do
        alive $FEPD || die_of_fepd "fepd did not start"
        ((++tries < 60)) || die_of_fepd "fepd does not answer at its door $DOOR"
        ((STOPPING == 0)) || exit 1
    done
    alive $FEPD || die_of_fepd "fepd did not start"
}

die_of_fepd ()
{
    echo "--- the end of $DATA/fepd.log" >&2
    tail -n 20 "$DATA/fepd.log" >&2
    echo "---" >&2
    die "$*"
}

start_check ()
{
    : >"$DATA/check.log" # So that no line of an earlier run is taken for its own
    local meters=0 few=(--field-few) # Too short a run need not reach every meter
    ((SECONDS_TO_RUN < 20)) || { meters=$((DTUS * METERS)); few=(); }
    "$PYTHON" bench/check.py --feed $FEED --door $DOOR --ledger "$DATA/sim.ledger" --meters $meters \
        --field-archive "$DATA/field.csv" --field-ledger "$DATA/field.ledger" "${few[@]}" \
        >"$DATA/check.log" 2>&1 </dev/null &
    CHECK=$!
    local tries=0
    until grep -q recording "$DATA/check.log"; do
        if ! alive $CHECK || ((++tries > 100)); then
            cat "$DATA/check.log" >&2
            die "the checker did not start"
        fi
        sleep 0.1
    done
}

start_sim ()
{
    build/bin/fepsim --port "$PORT" --terminals $((TERMINALS - DEVICES)) --first-address $FIRST_ADDRESS \
        --dtus "$DTUS" --dtu-port $GATEWAYS --meters "$METERS" --split-every $SPLIT_EVERY \
        --period-ms "$PERIOD_MS" --state "$DATA/sim.state" --ledger "$DATA/sim.ledger" \
        >"$DATA/sim.log" 2>&1 </dev/null &
    SIM=$!
    build/bin/fepfield "${KINDS[@]}" --split-every $SPLIT_EVERY --ledger "$DATA/field.ledger" \
        >"$DATA/field.log" 2>&1 </dev/null &
    FIELD=$!
}

poll_period ()
{
    sed -n 's/^period //p' bench/sim_meter.profile
}

explain ()
{
    cat <<TEXT

fepd runs with $TERMINALS simulated terminals:
  $CONCENTRATORS report 23 values each, every $((PERIOD_MS / 1000)).$((PERIOD_MS % 1000 / 100)) s; the first is $FIRST_ADDRESS
  $DTUS are gateways with $METERS Modbus meters each, polled for 22 values every $(poll_period); the first is $FIRST_GATEWAY
  $DEVICES are of other protocols; $DATA/field.csv has their rows of the archive
  terminals    127.0.0.1:$PORT (Q/GDW 1376.1), 127.0.0.1:$GATEWAYS (DTU: Modbus RTU, DL/T 645, CJ/T 188),
               127.0.0.1:$((PORT + 4)) (DL/T 698.45), 127.0.0.1:$((PORT + 5)) (CJ/T 188), 127.0.0.1:$((PORT + 6)) (any)
  dialled      127.0.1.1:$((PORT + 7)) and further (Modbus TCP), 127.0.1.1:$((PORT + 8)) and further (IEC 104)
  feed         $FEED (ZeroMQ SUB; topics such as reading/00)
  door         $DOOR (ZeroMQ DEALER)
  log          $DATA/fepd.log
  terminals' logs, checker's log  $DATA/sim.log, $DATA/field.log, $DATA/check.log
  look inside  build/bin/fepctl --door $DOOR status
               build/bin/fepctl --door $DOOR terminal show $FIRST_ADDRESS
               build/bin/fepctl --door $DOOR latest $FIRST_ADDRESS
               build/bin/fepctl --door $DOOR --feed $FEED trace $FIRST_ADDRESS --for 30s
               build/bin/fepctl --feed $FEED feed tail --topic reading/00 --for 5s
Ctrl-C stops everything in order.

TEXT
}

# Until it is time to stop, or something of ours died.
watch ()
{
    local end=$((SECONDS + SECONDS_TO_RUN))
    while ((STOPPING == 0)); do
        if ! alive $FEPD; then
            wait $FEPD
            die_of_fepd "fepd ended by itself, status $?"
        fi
        alive $FIELD || { tail -n 5 "$DATA/field.log" >&2; die "the devices ended by themselves"; }
        alive $SIM || { tail -n 5 "$DATA/sim.log" >&2; die "the terminals ended by themselves"; }
        ((SECONDS_TO_RUN > 0 && SECONDS >= end)) && return
        sleep 0.5
    done
}

stop_all ()
{
    trap 'echo "run.sh: already stopping"' INT TERM
    finish LIVE 5
    echo
    echo "run.sh: stopping: terminals"
    finish SIM 40 || fail "not every report was confirmed; see $DATA/sim.log"
    finish FIELD 40 || fail "not every report of the devices was confirmed; see $DATA/field.log"
    grep -h '"summary"' "$DATA/sim.log" "$DATA/field.log"
    echo "run.sh: stopping: checker"
    local status=0
    finish CHECK 600 || status=$?
    grep -v recording "$DATA/check.log"
    if ((status == 2 && SECONDS_TO_RUN == 0)); then
        echo "run.sh: the checker did not judge; a long demonstration outgrows its memory limit"
    elif ((status != 0)); then
        fail "the comparison does not hold; see $DATA/check.log"
    fi
    echo "run.sh: stopping: fepd"
    finish FEPD 60 || { tail -n 10 "$DATA/fepd.log" >&2; fail "fepd did not end well; see $DATA/fepd.log"; }
}

[[ -x $PYTHON ]] || PYTHON=python3
mkdir -p "$DATA" || die "$DATA cannot be made"
install_packages
build
descriptors
ports_free
spread
write_files
set -m # Children in groups of their own: Ctrl-C reaches only us
trap clean EXIT
trap 'STOPPING=1' INT TERM
start_fepd
start_check
start_sim
explain
"$PYTHON" bench/live.py --door $DOOR --sim "$DATA/sim.log" --field "$DATA/field.log" </dev/null &
# shellcheck disable=SC2034 # Used by name in finish, as the others
LIVE=$!
watch
stop_all
[[ -z $FAILED ]] || die "$FAILED"
echo "run.sh: done; everything confirmed or answered was committed and published, once each"
[[ -n $BENCH ]] || exit 0
trap - INT TERM
status=0
build/bin/fepbench run "$BENCH" --data "$DATA/bench-$BENCH" || status=$?
((status < 2)) || die "fepbench run $BENCH: status $status"
echo "run.sh: report: file://$(readlink -f "$DATA/bench-$BENCH/report.html")"
