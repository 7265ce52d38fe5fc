#!/usr/bin/env bash
#
# Builds the pages of the Mini App, and checks them.
#
#   scripts/pages.sh build     # what is served: web/dist (part of `make run`)
#   scripts/pages.sh check     # types, lints, the client's tests, the weight of the first load (part of `make test`)
#   scripts/pages.sh browser   # people in a real browser against the real server (`make test-pages`)
#   scripts/pages.sh budgets   # what the app costs a weak phone; wants the machine for itself
#   scripts/pages.sh pictures  # the pictures of docs/pictures, made by the tests
#   scripts/pages.sh preact    # the main test once with Preact's compatibility layer instead of React
#
# Needs Node 20 or newer with npm; without it the pages are left out, loudly, and everything else works. The browser is
# Debian's Chromium, installed with apt-get when this runs as root on Debian; without one the browser's tests are left out.
# PEERPACK_PROGRAM names a server that is built already; what follows `browser` goes to Playwright. The server takes the
# pages from web/dist, so two of these do not run at once.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The first load may weigh so much, packed: the page, its script, its style, and the sentences of one language.
readonly most_bytes=110000

skip() {
    printf '\n*** LEFT OUT: %s ***\n\n' "$*" >&2
    exit 0
}

have_node() {
    local version
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge 20 ] && command -v npm >/dev/null
}

install_packages() {
    # The lock file says whether they are the right ones.
    if ! cmp -s web/package-lock.json web/node_modules/.installed-lock; then
        (cd web && npm ci --no-progress --loglevel=error)
        cp web/package-lock.json web/node_modules/.installed-lock
    fi
}

build() { (cd web && npm run --silent build); }

first_load() {
    local script total=0 size file
    script=$(grep -o 'assets/index-[^"]*\.js' web/dist/index.html | head -n 1)
    for file in index.html "$script" $(cd web/dist && ls assets/index-*.css assets/ru-*.js); do
        size=$(gzip -9 -c "web/dist/$file" | wc -c)
        total=$((total + size))
        printf '    %7d  %s\n' "$size" "$file"
    done
    printf '    %7d  of %d bytes at most\n' "$total" "$most_bytes"
    [ "$total" -le "$most_bytes" ]
}

find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

install_chromium() {
    find_chromium >/dev/null && return 0
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    (
        flock 8
        DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
                -o DPkg::Lock::Timeout=300 chromium
    ) 8</var/lib/apt >/dev/null 2>&1 </dev/null || true
    find_chromium >/dev/null
}

in_a_browser() {
    if ! install_chromium; then
        printf '\n*** LEFT OUT: the tests in a browser, because there is no Chromium ***\n\n' >&2
        return 0
    fi
    # With the tests, as the other checks build it; otherwise the dependencies would be built a second time.
    local program=${PEERPACK_PROGRAM:-}
    if [ -z "$program" ]; then
        cargo build --locked --quiet --workspace --tests
        program=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/peerpack
    fi
    (cd web && PEERPACK_PROGRAM=$program PEERPACK_CHROMIUM=$(find_chromium) npx playwright test "$@")
}

case ${1:-check} in
build)
    have_node || skip "the pages, because there is no Node 20 with npm"
    install_packages
    build
    ;;
check)
    have_node || skip "the pages and their tests, because there is no Node 20 with npm"
    install_packages
    (cd web && npm run --silent check)
    (cd web && npm run --silent test)
    build
    first_load
    ;;
browser)
    have_node || skip "the tests in a browser, because there is no Node 20 with npm"
    install_packages
    build
    in_a_browser "${@:2}"
    ;;
budgets)
    have_node || skip "the budgets, because there is no Node 20 with npm"
    install_packages
    build
    table=$(mktemp "${TMPDIR:-/tmp}/peerpack-budgets.XXXXXX")
    trap 'rm -f "$table"' EXIT
    status=0
    first_load || status=1
    PEERPACK_BUDGETS=$table in_a_browser budgets --workers=1 || status=1
    printf '\n| what | measured | budget |\n| --- | --- | --- |\n'
    cat "$table"
    exit "$status"
    ;;
pictures)
    have_node || skip "the pictures, because there is no Node 20 with npm"
    install_packages
    build
    PEERPACK_PICTURES=$PWD/docs/pictures in_a_browser pictures --workers=1
    ;;
preact)
    have_node || skip "the test with Preact, because there is no Node 20 with npm"
    install_packages
    # The pages of React come back, also if the test fails.
    trap build EXIT
    PEERPACK_WEB_PREACT=1 build
    first_load
    in_a_browser main-job --workers=1 -g 'ru-RU, light'
    ;;
*)
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
