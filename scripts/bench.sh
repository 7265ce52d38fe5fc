#!/usr/bin/env bash
#
# Measures the matching beside PostGIS and Redis, in throwaway servers, and writes docs/bench-matching.md (`make bench`).
#
#   scripts/bench.sh
#   PEERPACK_BENCH_SIZES=10000 scripts/bench.sh    # benches/matching/main.rs lists the variables

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

postgis=(/usr/share/postgresql/*/extension/postgis.control)
if [ ! -e "${postgis[0]}" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "PostGIS is missing: install it beside Postgres (Debian: postgresql-15-postgis-3) and run this again." >&2
        exit 1
    fi
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends postgresql-15-postgis-3
fi

export PEERPACK_TEST_SHARED_BUFFERS=${PEERPACK_TEST_SHARED_BUFFERS:-2GB}
exec scripts/services.sh cargo bench --locked --bench matching
