#!/usr/bin/env bash
#
# Holds the descriptions of API and socket against the tools that clients are made with: redocly's linter finds no error,
# openapi-typescript and json-schema-to-typescript make types of them, and the examples in docs/typescript compile.
#
# Needs Node.js 20 or newer and the npm registry; the tools go into a folder under target/. Without Node.js nothing is checked.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "NOT CHECKED: there is no Node.js here, so nobody has looked at the descriptions with the tools of clients" >&2
    exit 0
fi

tools=(@redocly/cli@2.77.0 openapi-typescript@7.13.0 json-schema-to-typescript@16.0.0 typescript@5.9.3)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
home=$target/descriptions
# A folder with other versions, or one that was cut short, does not count.
if [ "$(cat "$home/installed" 2>/dev/null)" != "${tools[*]}" ]; then
    rm -rf "$home"
    mkdir -p "$home"
    echo '{"private":true}' >"$home/package.json"
    if ! npm install --prefix "$home" --save-exact --no-audit --no-fund --loglevel error "${tools[@]}" >&2; then
        echo "the tools cannot be installed here: they need the npm registry" >&2
        exit 1
    fi
    echo "${tools[*]}" >"$home/installed"
fi
export PATH="$home/node_modules/.bin:$PATH" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

work=$(mktemp -d "$home/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quietly() { # command…
    "$@" >"$work/report" 2>&1 || {
        cat "$work/report"
        return 1
    }
}

status=0
quietly redocly lint docs/openapi.json --extends recommended --max-problems 50 || status=1
cp docs/typescript/*.ts docs/typescript/tsconfig.json "$work"
quietly openapi-typescript docs/openapi.json -o "$work/openapi.d.ts" || status=1
quietly json2ts --input docs/realtime.schema.json --output "$work/realtime.d.ts" || status=1
quietly tsc --project "$work/tsconfig.json" || status=1
exit "$status"
