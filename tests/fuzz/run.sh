#!/bin/sh
# Runs one fuzz target for FEP_FUZZ_SECONDS (15) on a corpus seeded from the vectors and from seeds/<target>/.
#   run.sh PROGRAM NAME
set -eu
here=$(dirname "$(readlink -f "$0")")
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT INT TERM
/usr/bin/python3 "$here/seeds.py" "$2" "$corpus"
cd "$corpus"
exec_status=0
"$1" -max_total_time="${FEP_FUZZ_SECONDS:-15}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$(dirname "$1")/$2-" "$corpus" || exec_status=$?
exit "$exec_status"
