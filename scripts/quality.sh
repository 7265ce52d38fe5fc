#!/usr/bin/env bash
#
# Measures the matching against the hindsight optimum and writes docs/quality.md with its plots. HiGHS comes from PyPI
# into a directory of its own, because building it takes longer than using it.
#
#   scripts/quality.sh                  # the report
#   scripts/quality.sh tune --seeds 2   # what a knob does, on training seeds

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=${CARGO_TARGET_DIR:-target}/quality-venv
if ! "$venv/bin/python" -c 'import highspy' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r quality/requirements.txt
fi
if [ $# -eq 0 ]; then set -- judge; fi
exec cargo run --release --locked --quiet -p peerpack-quality --no-default-features -- "$@" --python "$venv/bin/python"
