#!/usr/bin/env bash
#
# Plays a marketplace against a throwaway server and judges what it did: `peerpack-loadtest` with everything around it.
#
#   scripts/loadtest.sh                                       # 2000 couriers, 200 packages a second, about a minute
#   scripts/loadtest.sh --couriers 50 --packages-per-s 10 --duration-s 10
#   scripts/loadtest.sh --postgres --out reports              # on Postgres and Redis instead of the embedded store
#   scripts/loadtest.sh list                                  # the scenarios
#   scripts/loadtest.sh run crash --out reports               # one of them; the server is killed and started again
#   scripts/loadtest.sh find-knee --duration-s 20             # up to which rate the thresholds hold
#   scripts/loadtest.sh compare before.json after.json        # what has become worse; needs no server
#   scripts/loadtest.sh ratio --duration-s 30                 # PeerPack beside the plain server, on one Postgres
#   scripts/loadtest.sh talk --duration-s 30                  # what chats do to offers: without them, and with them
#   scripts/loadtest.sh dispatch --orders-per-s 200           # rides in town: couriers on duty, offers, positions
#   scripts/loadtest.sh idle                                  # memory of 15000 sockets on which nothing happens
#   scripts/loadtest.sh slow                                  # what a socket that is not read costs 1000 others
#   scripts/loadtest.sh --help                                # everything that can be said
#
# The server listens on 127.0.0.1 only, keeps its files in a temporary folder, and is gone when the test ends. With
# `--postgres` its stores are those that PEERPACK_TEST_POSTGRES and PEERPACK_TEST_REDIS name, or throwaway ones that
# scripts/services.sh starts; `--baseline` starts the plain server instead, on the same Postgres. The exit code is that
# of the load test: 0 only if every promise and threshold held, 3 if the generator was late and the run says nothing.
#
# LOADTEST_PROFILE=dev builds faster and measures nothing worth keeping; the default is release.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ready_timeout_s=60
readonly stop_timeout_s=20
readonly profile=${LOADTEST_PROFILE:-release}

say() { printf 'loadtest: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

store=embedded
program=peerpack
scenario=main-job
arguments=()
command=()
case "${1:-}" in
    idle | slow | dispatch)
        command=("$1")
        export PEERPACK_ACCESS_TTL_S=3600
        # Known to both, so that the load test can sign tokens without the server.
        PEERPACK_JWT_SECRET=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
        export PEERPACK_JWT_SECRET
        shift
        ;;
    run | find-knee)
        command=("$1")
        shift
        case "${1:-}" in
            '' | -*) ;;
            *)
                scenario=$1
                shift
                ;;
        esac
        command+=("$scenario")
        ;;
    list | compare | ratio | talk)
        command=("$1")
        shift
        ;;
esac
# With these words given again, as they were.
again=("${command[@]}" "$@")
for argument in "$@"; do
    case $argument in
        --postgres) store=postgres ;;
        --baseline)
            store=postgres
            program=peerpack-baseline
            ;;
        *) arguments+=("$argument") ;;
    esac
done
if [ "${command[0]-}" = ratio ]; then store=postgres; fi

if [ "$store" = postgres ] && { [ -z "${PEERPACK_TEST_POSTGRES:-}" ] || [ -z "${PEERPACK_TEST_REDIS:-}" ]; }; then
    exec scripts/services.sh scripts/loadtest.sh "${again[@]}"
fi

# ---------------------------------------------------------------- building

# The whole workspace, as everything else builds it: a part of it alone would build its libraries once more.
cargo build --locked --profile "$profile" --workspace --bins
binaries=${CARGO_TARGET_DIR:-target}/$profile
if [ "$profile" = dev ]; then binaries=${CARGO_TARGET_DIR:-target}/debug; fi

case " ${arguments[*]-} " in
    *" --help "* | *" -h "* | *" --version "*) exec "$binaries/peerpack-loadtest" "${command[@]}" "${arguments[@]}" ;;
esac

case "${command[0]-}" in
    list | compare) exec "$binaries/peerpack-loadtest" "${command[@]}" "${arguments[@]}" ;;
esac

if [ "${command[0]-}" = ratio ]; then
    reports=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-ratio.XXXXXX")
    trap 'rm -rf "$reports"' EXIT
    code=0
    for server in baseline postgres; do
        # What missed a threshold is a figure, too; what could not run, or says nothing, is none.
        scripts/loadtest.sh run main-job "--$server" --json "$reports/$server.json" "${arguments[@]}" || code=$?
        case $code in 0 | 1) ;; *) exit "$code" ;; esac
    done
    say "before: the plain server; after: PeerPack"
    "$binaries/peerpack-loadtest" compare "$reports/baseline.json" "$reports/postgres.json"
    exit
fi

if [ "${command[0]-}" = talk ]; then
    reports=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-talk.XXXXXX")
    trap 'rm -rf "$reports"' EXIT
    beside=()
    if [ "$store" = postgres ]; then beside=(--postgres); fi
    for run in silent talking; do
        code=0
        if [ "$run" = silent ]; then words=(--messages-per-s 0); else words=(); fi
        scripts/loadtest.sh run talk "${beside[@]}" --json "$reports/$run.json" "${arguments[@]}" "${words[@]}" || code=$?
        case $code in 0 | 1) ;; *) exit "$code" ;; esac
    done
    say "before: everybody is silent; after: they talk. Offers may take a tenth longer"
    "$binaries/peerpack-loadtest" compare "$reports/silent.json" "$reports/talking.json" --noise 0.1 \
        --only offer_since_decided --only push --only package_published --only accept
    exit
fi

# ---------------------------------------------------------------- the server

ulimit -n "$(ulimit -Hn)"

dir=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-loadtest.XXXXXX")
pid_file=$dir/server.pid
keeper_pid=

alive() { kill -0 "$1" 2>/dev/null; }

# Runs the server, and again at the same address whenever it is killed, until it is told to stop.
keep_server() {
    local pid code
    while :; do
        env -u PEERPACK_TEST_POSTGRES -u PEERPACK_TEST_REDIS PEERPACK_LISTEN="127.0.0.1:$1" \
            "$binaries/$program" serve >>"$dir/server.log" 2>&1 7>&- &
        pid=$!
        echo "$pid" >"$pid_file.new" && mv "$pid_file.new" "$pid_file"
        code=0
        wait "$pid" || code=$?
        if [ "$code" -ne 137 ] || [ -e "$dir/stop" ]; then return "$code"; fi
        say "the server was killed and is started again"
    done
}

stop_server() {
    [ -n "$keeper_pid" ] || return 0
    local deadline=$((SECONDS + stop_timeout_s))
    touch "$dir/stop"
    kill -TERM "$(cat "$pid_file")" 2>/dev/null || true
    while alive "$keeper_pid"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            say "the server did not stop within $stop_timeout_s s and is killed"
            kill -KILL "$(cat "$pid_file")" 2>/dev/null || true
            break
        fi
        sleep 0.1
    done
    wait "$keeper_pid" 2>/dev/null || true
    keeper_pid=
}

on_exit() {
    local code=$?
    trap '' INT TERM HUP
    stop_server
    if [ "$code" -ne 0 ] && [ -s "$dir/server.log" ]; then
        say "the server's last warnings and errors:"
        grep -E 'WARN|ERROR|panicked' "$dir/server.log" | tail -n 20 | cut -c1-400 | sed 's/^/    /' >&2 || true
    fi
    rm -rf "$dir"
    exit "$code"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export PEERPACK_DATA_DIR=$dir/data
export PEERPACK_LOG=${PEERPACK_LOG:-warn}
unset DATABASE_URL REDIS_URL
label="embedded (SQLite)"
mkdir "$PEERPACK_DATA_DIR"
if [ "$store" = postgres ]; then
    export DATABASE_URL=$PEERPACK_TEST_POSTGRES REDIS_URL=$PEERPACK_TEST_REDIS
    label="Postgres and Redis"
    if [ "$program" = peerpack-baseline ]; then label="the plain server on Postgres"; fi
    env -u PEERPACK_TEST_POSTGRES -u PEERPACK_TEST_REDIS "$binaries/$program" migrate
fi
if [ "$(uname)" != Linux ]; then
    # Only Linux answers on all of 127.0.0.0/8, over which the load test spreads its users.
    export PEERPACK_MAX_SOCKETS_PER_IP=20000
fi

if [ ${#command[@]} -eq 2 ]; then
    matching=$("$binaries/peerpack-loadtest" list --matching "$scenario")
    if [ -n "$matching" ]; then export PEERPACK_MATCHING=$matching; fi
fi

# Answers whether the server is ready, without needing curl.
is_ready() {
    local status
    exec 7<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET /api/health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&7
    IFS= read -r -t 5 status <&7 || true
    exec 7>&-
    [[ $status == *' 200 '* ]]
}

# Starts the server on a port nobody has, and waits until it is ready.
start_server() {
    local attempt deadline
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        # Below the range from which Linux takes the ports of outgoing connections.
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
        : >"$dir/server.log"
        keep_server "$port" &
        keeper_pid=$!
        deadline=$((SECONDS + ready_timeout_s))
        until (is_ready) 2>/dev/null; do
            if ! alive "$keeper_pid"; then break; fi
            if [ "$SECONDS" -ge "$deadline" ]; then die "the server was not ready after $ready_timeout_s s"; fi
            sleep 0.1
        done
        # Ours, and not another one that has the port.
        if alive "$keeper_pid"; then return 0; fi
        keeper_pid=
        if ! grep -qE 'cannot listen|in use' "$dir/server.log"; then
            tail -n 20 "$dir/server.log" >&2
            die "the server stopped while starting"
        fi
        say "port $port is taken, choosing another ($attempt)"
    done
    die "no free port after ten attempts"
}

start_server
say "the server is ready on 127.0.0.1:$port, store: $label"

# ---------------------------------------------------------------- the test

case "${command[0]-}" in
    idle | slow | dispatch) server=(--server-pid "$(cat "$pid_file")") ;;
    *) server=(--server-pid-file "$pid_file" --crash-command "kill -KILL \$(cat '$pid_file')") ;;
esac
code=0
"$binaries/peerpack-loadtest" "${command[@]}" --url "http://127.0.0.1:$port" "${server[@]}" --store "$label" \
    "${arguments[@]}" &
test_pid=$!
trap 'kill "$test_pid" 2>/dev/null; exit 130' INT
trap 'kill "$test_pid" 2>/dev/null; exit 143' TERM HUP
wait "$test_pid" || code=$?

if ! alive "$keeper_pid"; then
    tail -n 20 "$dir/server.log" >&2
    say "the server ended during the test"
    code=1
fi
exit "$code"
