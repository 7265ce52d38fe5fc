#!/usr/bin/env bash
#
# Everything a change has to pass: format, structure, lints, tests. Every step runs even if an earlier one failed, so
# that one run tells the whole story; the exit code is 0 only if all of them passed.
#
#   scripts/check.sh                        # the tests use what PEERPACK_TEST_POSTGRES and PEERPACK_TEST_REDIS name
#   scripts/services.sh scripts/check.sh    # the same, with both databases at their side (`make test`)

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
test_log=$(mktemp "${TMPDIR:-/tmp}/peerpack-check.XXXXXX")
trap 'rm -f "$test_log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { # title, command…
    local title=$1 started=$SECONDS
    shift
    printf '\n==> %s\n' "$title"
    if "$@"; then
        printf '    ok, %d s\n' $((SECONDS - started))
    else
        printf '    FAILED: %s, %d s\n' "$title" $((SECONDS - started))
        failed+=("$title")
    fi
}

indent() { sed 's/^/    /'; }

# ---------------------------------------------------------------- the core stays pure

core_dependencies() {
    local tree
    tree=$(cargo tree --locked -p peerpack-actors --no-default-features -e normal --prefix none --format '{p}') || return 1
    local intruders
    intruders=$(grep -E '^(actix|tokio|sqlx|redis|serde_json)([-_][a-z0-9_-]+)? v' <<<"$tree" | sort -u) || return 0
    echo "The core (peerpack-actors without its features) must not depend on any of:"
    indent <<<"$intruders"
    echo "Make the dependency optional and switch it on in the feature \`runtime\`."
    return 1
}

# ---------------------------------------------------------------- each outside thing has one module

# Prints the lines of the crates' sources that match $1 outside the files that match $2, and says $3.
# Comments may say any word; tests and benches may reach around the modules to prepare their databases.
only_in() { # pattern, allowed files, explanation
    local hits
    hits=$(grep -rnE --include='*.rs' -e "$1" src actors/src loadtest/src quality/src |
        grep -vE -e '^[^:]+:[0-9]+:[[:space:]]*//' -e '^[^:]+/tests/' -e "^($2):" || true)
    [ -n "$hits" ] || return 0
    echo "$3"
    indent <<<"$hits"
    return 1
}

structure() {
    local status=0
    local start='(^|[^A-Za-z0-9_:])' # a crate's name, not a module of ours behind `::`
    only_in "${start}(sqlx::|use sqlx|rusqlite)" '(src/store|loadtest/src/baseline)(\.rs|/.*\.rs)' \
        "SQL belongs to src/store alone. Add a method to the store and call it:" || status=1
    only_in "(Conn|Backend)::(Postgres|Sqlite)" 'src/store(\.rs|/(setup|sql|engine/(run|lanes|writer|commit/money)|upkeep/audit)\.rs)' \
        "Both databases get the same SQL; let src/store/sql.rs make the difference:" || status=1
    only_in "${start}(redis::|use redis)" 'src/bus(\.rs|/.*\.rs)' \
        "Redis belongs to src/bus alone. Add a method to the bus and call it:" || status=1
    only_in "${start}jsonwebtoken" 'src/auth(\.rs|/.*\.rs)' \
        "Tokens are made and read in src/auth alone:" || status=1
    only_in "${start}actix_web_actors" 'src/ws/session\.rs' \
        "Only src/ws/session.rs knows actix_web_actors, so that it can be replaced there:" || status=1
    only_in "${start}actix" '(src|loadtest/src)/.*|actors/src/runtime(\.rs|/.*\.rs)' \
        "Inside the engine, only actors/src/runtime knows actix; the core decides without it:" || status=1
    return "$status"
}

# ---------------------------------------------------------------- licences

# To build cargo-deny takes longer than the rest of the checks, so it is only used where it is there: `make deny`.
licences() {
    if cargo deny --version >/dev/null 2>&1; then
        cargo deny --locked check licenses bans sources
    else
        echo "    left out: cargo-deny is not installed"
    fi
}

# ---------------------------------------------------------------- tests

have_nextest() {
    cargo nextest --version >/dev/null 2>&1 && return 0
    echo "cargo-nextest is missing, installing it"
    cargo install --locked cargo-nextest
}

tests() {
    # The log is read for the totals below. Colours are decided here, because nextest sees a pipe.
    local colour=never
    if [ -t 1 ]; then colour=always; fi
    if have_nextest; then
        cargo nextest run --workspace --locked --no-fail-fast --color "$colour" 2>&1 | tee "$test_log"
    else
        echo "cargo-nextest could not be installed; running the same tests with cargo test"
        cargo test --workspace --lib --bins --tests --locked --no-fail-fast --color "$colour" 2>&1 | tee "$test_log"
    fi
}

# "N passed, N failed" out of nextest's summary or out of cargo test's results, whichever the log holds.
totals() {
    sed 's/\x1b\[[0-9;]*m//g' "$test_log" | awk '
        function number_before(word,   i, sum) {
            for (i = 2; i <= NF; i++) if ($i ~ "^" word "[,;]?$") sum += $(i - 1)
            return sum
        }
        /^ *Summary \[/ || /^test result:/ {
            passed += number_before("passed")
            failed += number_before("failed") + number_before("timed") + number_before("exec")
        }
        END { printf "%d passed, %d failed\n", passed, failed }'
}

# ---------------------------------------------------------------- the run

step "format" cargo fmt --all --check
step "the core builds alone" cargo build --locked -p peerpack-actors --no-default-features
step "the core's dependencies" core_dependencies
step "structure" structure
step "who may import whom" cargo test --quiet --workspace --locked --test architecture
step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
step "documentation tests" cargo test --doc --workspace --locked
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --locked
step "licences" licences
step "clients can be made of the descriptions" scripts/descriptions.sh
step "the API keeps its word" scripts/schemathesis.sh
step "the Mini App" scripts/pages.sh check
step "the Mini App in a browser" scripts/pages.sh browser
# Last, so that its summary is at the end of the output, where it is looked for.
step "tests" tests

echo
if [ ${#failed[@]} -gt 0 ]; then
    printf 'FAILED:'
    printf ' [%s]' "${failed[@]}"
    echo
else
    echo "All steps passed."
fi
printf 'Total time: %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
totals
[ ${#failed[@]} -eq 0 ]
