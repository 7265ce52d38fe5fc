#!/usr/bin/env bash
#
# Runs scripts/replay.py on throwaway servers: one on SQLite, one on Postgres. Each has a market of its own, in development
# mode.
#
#   scripts/replay.sh                # both
#   scripts/replay.sh sqlite         # one of them
#   scripts/replay.sh postgres
#   scripts/replay.sh both --only 5 --wrong
#
# PEERPACK_REPLAY_PROGRAM names a server that is built already; without, one is built. Ends with 1 if a case is wrong.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

store=${1:-both}
if [ $# -gt 0 ]; then shift; fi
program=${PEERPACK_REPLAY_PROGRAM:-}
if [ -z "$program" ]; then
    cargo build --locked --quiet --bin peerpack
    program=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/peerpack
fi

# The server would not know it.
unset PEERPACK_REPLAY_PROGRAM
case $store in
    both)
        status=0
        PEERPACK_REPLAY_PROGRAM=$program "$0" sqlite "$@" || status=1
        PEERPACK_REPLAY_PROGRAM=$program "$0" postgres "$@" || status=1
        exit "$status"
        ;;
    postgres)
        if [ -z "${PEERPACK_TEST_POSTGRES:-}" ]; then
            PEERPACK_REPLAY_PROGRAM=$program exec scripts/services.sh "$0" postgres "$@"
        fi
        export DATABASE_URL=$PEERPACK_TEST_POSTGRES
        ;;
    sqlite) unset DATABASE_URL ;;
    *)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac

data=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-replay.XXXXXX")
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$((20000 + RANDOM % 12000))
export PYTHONDONTWRITEBYTECODE=1
export PEERPACK_LISTEN=127.0.0.1:$port PEERPACK_DATA_DIR=$data PEERPACK_LOG=warn PEERPACK_ACCESS_TTL_S=86400
if [ "$store" = postgres ]; then "$program" migrate >"$data/out"; fi
"$program" serve >>"$data/out" 2>"$data/err" &
server=$!
for _ in $(seq 300); do
    if curl -fsS -o "$data/ready" "http://127.0.0.1:$port/api/health/ready" 2>"$data/curl"; then break; fi
    if ! kill -0 "$server" 2>/dev/null; then
        cat "$data/err"
        exit 1
    fi
    sleep 0.1
done

echo "# On $store"
status=0
python3 scripts/replay.py --url "http://127.0.0.1:$port" "$@" || status=$?
if grep -E 'panicked|internal error' "$data/err"; then status=1; fi
exit "$status"
