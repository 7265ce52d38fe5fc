#!/usr/bin/env bash
#
# Plays the dispatch in town and writes docs/quality-dispatch.md. The town and HiGHS come from PyPI into a directory of
# their own: of the town (pyhailing, Apache-2.0) only the tables are read, and nothing of it is run.
#
#   scripts/quality-dispatch.sh                                             # the report
#   scripts/quality-dispatch.sh tune-dispatch --seeds 2 --rides 4000        # what a knob does, on training seeds

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=${CARGO_TARGET_DIR:-target}/quality-venv
if ! "$venv/bin/python" -c 'import highspy' 2>/dev/null || ! ls -d "$venv"/lib/python*/site-packages/pyhailing >/dev/null 2>&1; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r quality/requirements.txt
    "$venv/bin/pip" install --quiet --no-deps -r quality/requirements-town.txt
fi
town=$(ls -d "$venv"/lib/python*/site-packages/pyhailing)
if [ $# -eq 0 ]; then set -- dispatch --seeds 3; fi
exec cargo run --release --locked --quiet -p peerpack-quality --no-default-features -- "$@" --town "$town" --python "$venv/bin/python"
