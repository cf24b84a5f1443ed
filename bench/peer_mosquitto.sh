#!/bin/sh
# The same reports to fepd and to mosquitto (Debian's package), as QoS 1 publishes with persistence and one subscriber,
# in turn, each on loopback: what a confirmed report costs either.
#
#     bench/peer_mosquitto.sh [build/bin] [options of fepbench push]
set -eu
broker=$(PATH=$PATH:/usr/sbin command -v mosquitto) || { echo "mosquitto is not installed: apt-get install mosquitto" >&2; exit 2; }
programs=build/bin
[ $# -gt 0 ] && [ -d "$1" ] && { programs=$1; shift; }
exec "$programs/fepbench" push --mosquitto "$broker" "$@"
