#!/usr/bin/env bash
#
# Lets schemathesis ask a throwaway server everything that the OpenAPI document describes, as nobody, as a user and as an
# administrator: no 5xx, answers as documented, no route that forgets to ask who is there.
#
#   scripts/schemathesis.sh          # a few examples of each call (part of `make test`)
#   scripts/schemathesis.sh long     # many (`make schemathesis`): some 27 000 calls, 20 minutes on two busy cores
#
# Needs python3 with venv and PyPI; schemathesis goes into a folder under target/.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

examples=5
if [ "${1:-}" = long ]; then examples=100; fi

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
venv=$target/schemathesis
# A folder that was moved or cut short does not count.
if ! "$venv/bin/schemathesis" --version >/dev/null 2>&1; then
    rm -rf "$venv"
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'; }; then
        rm -rf "$venv"
        echo "schemathesis cannot be installed here: it needs python3 with venv, and PyPI" >&2
        exit 1
    fi
fi

cargo build --locked --quiet --workspace --tests
program=$target/debug/peerpack
data=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-schemathesis.XXXXXX")
server=
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$((20000 + RANDOM % 20000))
export PEERPACK_LISTEN=127.0.0.1:$port PEERPACK_DATA_DIR=$data PEERPACK_LOG=warn PEERPACK_ACCESS_TTL_S=86400
"$program" serve >"$data/out" 2>"$data/err" &
server=$!
base=http://127.0.0.1:$port
for _ in $(seq 200); do
    if curl -fsS -o "$data/ready" "$base/api/health/ready" 2>"$data/curl"; then break; fi
    if ! kill -0 "$server" 2>/dev/null; then
        cat "$data/err"
        exit 1
    fi
    sleep 0.1
done

field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
post() { curl -fsS -X POST "$base$1" -H 'content-type: application/json' -d "$2"; }
user=$(post /api/auth/telegram "{\"init_data\":\"$("$program" initdata --user 42 --name Anna)\"}" | field access_token)
invitation=$(grep -o 'inv_[0-9a-f]*' "$data/out")
post /api/auth/first-admin \
    "{\"invitation\":\"$invitation\",\"login\":\"root\",\"password\":\"a long enough one\",\"name\":\"Root\"}" >"$data/admin"
admin=$(post /api/auth/operator '{"login":"root","password":"a long enough one"}' | field access_token)

# Things that there are, so that not every call ends at an id that is nobody's: hers, and her courier's.
courier=$(post /api/auth/telegram "{\"init_data\":\"$("$program" initdata --user 43 --name Ivan)\"}" | tee "$data/courier" | field access_token)
make() { # token, path, body
    curl -fsS -X POST "$base$2" -H "Authorization: Bearer $1" -H 'content-type: application/json' -d "$3"
}
day=$(date -u -d '+2 days' +%F 2>/dev/null || date -u -v+2d +%F)
trip=$(make "$courier" /api/trips "{\"from\":\"Москва\",\"to\":\"Казань\",\"date\":\"$day\",\"time\":\"08:00 → 22:00\"}" | field trip_id)
package=$(make "$user" /api/packages '{"from":"Москва","to":"Казань","description":"Книги","reward":500,"mode":"choose"}' | field package_id)
request=$(make "$user" "/api/packages/$package/send-to-courier" "{\"courier_id\":\"$trip\"}" | field request_id)
link=$(make "$user" "/api/packages/$package/tracking-link" '{}' | field path)
cat >"$data/schemathesis.toml" <<END
[parameters]
"path.package_id" = "$package"
"path.trip_id" = "$trip"
"path.courier_id" = "$trip"
"path.request_id" = "$request"
"path.dispute_id" = "$request"
"path.user_id" = "$(field id <"$data/courier")"
"path.link" = "${link##*/}"
END

status=0
ask() { # who, headers…
    echo "as $1"
    shift
    # Not asked: what ends the session that asks. Nor chains of calls: the description has no links, and those that are
    # guessed from answers differ from run to run.
    # What it remembers of failures goes with the folder. On a busy machine making up examples is slow, which says
    # nothing about the server. One worker: two threads take turns anyway, and when both parse at once, Python before
    # 3.13 says "AST constructor recursion depth mismatch".
    (cd "$data" && "$venv/bin/schemathesis" run "$base/openapi.json" --max-examples "$examples" --seed 2026 --workers 1 --suppress-health-check all \
        --phases examples,coverage,fuzzing \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth \
        --exclude-path-regex '/auth/logout|/user/sessions/|/user/account' \
        "$@") >"$data/report" 2>&1 || {
        # What went wrong stands above the summary, however long that is.
        sed -n '/= ERRORS =/,/= SUMMARY =/p; /= FAILURES =/,/= SUMMARY =/p' "$data/report" | head -n 200 || true
        tail -n 40 "$data/report"
        status=1
    }
    grep -F " generated, " "$data/report"
}
ask nobody
ask "a user" --header "Authorization: Bearer $user"
# Anybody who carries it may do other things than anybody who sends it.
if [ "${1:-}" = long ]; then ask "her courier" --header "Authorization: Bearer $courier"; fi
ask "an administrator" --header "Authorization: Bearer $admin"
if grep -E 'panicked|internal error' "$data/err"; then status=1; fi
exit "$status"
