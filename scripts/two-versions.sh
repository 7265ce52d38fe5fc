#!/usr/bin/env bash
#
# Lets an older server and this one serve one marketplace at once, on one Postgres and one Redis, as while a fleet is
# replaced: the older one makes the schema, this one migrates it beside the running older one, and the load test plays
# on both and judges what they did (docs/faults.md, F51).
#
#   scripts/two-versions.sh path/to/older/peerpack
#   scripts/two-versions.sh path/to/older/peerpack --packages-per-s 20 --duration-s 120
#
# The stores are those that PEERPACK_TEST_POSTGRES and PEERPACK_TEST_REDIS name, or throwaway ones that
# scripts/services.sh starts. What the older server does not understand yet it may refuse; no invariant may break.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ $# -ge 1 ] || { sed -n '3,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
older=$(realpath "$1")
[ -x "$older" ] || { echo "two-versions: $older is no program" >&2; exit 2; }
if [ -z "${PEERPACK_TEST_POSTGRES:-}" ] || [ -z "${PEERPACK_TEST_REDIS:-}" ]; then
    exec scripts/services.sh scripts/two-versions.sh "$@"
fi
shift

cargo build --locked --release --workspace --bins
binaries=${CARGO_TARGET_DIR:-target}/release
dir=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-two-versions.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT

export DATABASE_URL=$PEERPACK_TEST_POSTGRES REDIS_URL=$PEERPACK_TEST_REDIS
export PEERPACK_DATA_DIR=$dir/data PEERPACK_LOG=${PEERPACK_LOG:-warn}
PEERPACK_JWT_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export PEERPACK_JWT_SECRET
mkdir "$PEERPACK_DATA_DIR"

# Migrates with a program, serves with it, and waits until it is ready.
serve() {
    local program=$1 port=$2 name=$3
    env -u PEERPACK_TEST_POSTGRES -u PEERPACK_TEST_REDIS "$program" migrate
    env -u PEERPACK_TEST_POSTGRES -u PEERPACK_TEST_REDIS PEERPACK_LISTEN="127.0.0.1:$port" \
        "$program" serve >"$dir/$name.log" 2>&1 &
    local pid=$! deadline=$((SECONDS + 60))
    until (exec 7<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /api/health/ready HTTP/1.0\r\n\r\n' >&7 \
        && grep -q ' 200 ' <&7) 2>/dev/null; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 20 "$dir/$name.log" >&2
            echo "two-versions: the $name server is not ready" >&2
            exit 1
        fi
        sleep 0.2
    done
}

port=$((15000 + RANDOM % 15000))
serve "$older" "$port" older
serve "$binaries/peerpack" "$((port + 1))" newer
"$binaries/peerpack-loadtest" --url "http://127.0.0.1:$port" --url "http://127.0.0.1:$((port + 1))" \
    --promises-only --seed 0 --couriers 60 --senders 20 --packages-per-s 8 --duration-s 30 --out "$dir" "$@"
sed -n '/^## Counts/,$p' "$dir/loadtest.md"
