#!/usr/bin/env bash
#
# Replaces a running server by the program that now lies in its place, without refusing a request: the new one is
# started beside the old one, on the same listening socket, and the old one ends when the new one is ready.
#
#   peerpack supervise &        # instead of `peerpack serve`
#   scripts/restart.sh $!       # the process id of the supervisor
#
# Ends with 0 when the new server is alone, with 1 when there is none after a while; the old one goes on then.

set -euo pipefail

readonly patience_s=90

if [ $# -ne 1 ] || ! kill -0 "$1" 2>/dev/null; then
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
    exit 2
fi

servers() { pgrep -P "$1" | sort | tr '\n' ' '; }

before=$(servers "$1")
kill -HUP "$1"
deadline=$((SECONDS + patience_s))
while [ "$SECONDS" -lt "$deadline" ]; do
    now=$(servers "$1")
    if [ -n "$now" ] && [ "$now" != "$before" ] && [ "$(wc -w <<<"$now")" -eq 1 ]; then
        echo "restart: $now runs in place of $before"
        exit 0
    fi
    sleep 0.1
done
echo "restart: no new server; ${before}goes on" >&2
exit 1
