#!/usr/bin/env bash
#
# Runs a command with a throwaway Postgres and a throwaway Redis at its side.
#
#   scripts/services.sh cargo nextest run --workspace
#   scripts/services.sh bash                             # look around by hand
#
# The command finds them through
#   PEERPACK_TEST_POSTGRES=postgres://peerpack:…@127.0.0.1:PORT/postgres     (a superuser: tests may create databases)
#   PEERPACK_TEST_REDIS=redis://default:…@127.0.0.1:PORT/
#   PEERPACK_TEST_POSTGRES_BIN=…     the folder of Postgres' programs, for tests that crash a server of their own
#   PEERPACK_TEST_NOT_RUN=…          where tests write their names that find a program or a right missing; they are
#                                    listed at the end
#
# Both listen on 127.0.0.1 only, on a random port and with a random password, keep their files in one temporary
# folder, and are gone when the command ends, however it ends. The exit code is the command's. Several can run at once.
# Missing servers are installed with apt-get when this runs as root on Debian; a service which that package may start
# on the default port is neither used nor touched.
#
# PEERPACK_TEST_FSYNC=off makes commits faster and the durability tests meaningless; the default is on.
# PEERPACK_TEST_SHARED_BUFFERS is Postgres' own cache; the default is its default, 128MB.

set -euo pipefail

readonly ready_timeout_s=60
readonly stop_timeout_s=10

say() { printf 'services: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

if [ $# -eq 0 ]; then
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
    exit 2
fi

# ---------------------------------------------------------------- the servers' programs

# The newest Debian directory first: what is called `postgres` on the PATH may be a wrapper, and pg_config may belong
# to the client library alone.
find_postgres() {
    local bin
    while IFS= read -r bin; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            postgres_bin=$bin
            return 0
        fi
    done < <(
        exec 2>/dev/null # most of these are not there, and the reader stops at the first that is
        find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -rV || true
        pg_config --bindir || true
        ! initdb=$(command -v initdb) || dirname "$(readlink -f "$initdb")"
    )
    return 1
}

find_redis() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null; }

look_for_servers() {
    missing=()
    find_postgres || missing+=(postgresql)
    find_redis || missing+=(redis-server)
    command -v pgrep >/dev/null || missing+=(procps)
    [ ${#missing[@]} -gt 0 ]
}

install_missing() {
    look_for_servers || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        die "missing: ${missing[*]} (the names of the Debian packages). Install them and run this again:
  Debian, Ubuntu:  sudo apt-get install ${missing[*]}
  Fedora:          sudo dnf install postgresql-server redis procps-ng
  macOS:           brew install postgresql redis"
    fi
    # One at a time: apt-get update gives up at once when another one runs. The lock is on apt's own folder, which no
    # one but root can replace; apt does not see it.
    exec 8</var/lib/apt
    flock 8
    if ! look_for_servers; then
        exec 8<&-
        return 0
    fi
    say "installing ${missing[*]}"
    local log=$dir/apt.log
    if ! (
        DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
                -o DPkg::Lock::Timeout=300 "${missing[@]}"
    ) >"$log" 2>&1 8<&- 9>&- </dev/null; then
        tail -n 30 "$log" >&2
        die "apt-get could not install ${missing[*]}"
    fi
    exec 8<&-
    find_postgres || die "postgresql is installed, but initdb and postgres are not where Debian puts them"
    find_redis || die "redis-server is installed, but not on the PATH"
}

# ---------------------------------------------------------------- the folder, and the keeper that empties it

# Postgres refuses to run as root, so root hands both servers to an unprivileged user.
server_user=
as_server_user=()
if [ "$(id -u)" -eq 0 ]; then
    command -v setpriv >/dev/null || die "running as root needs setpriv (Debian package util-linux)"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/peerpack-services.XXXXXX")

alive() {
    case $(ps -o stat= -p "$1" 2>/dev/null) in
        '' | Z*) return 1 ;; # a zombie has only its parent to wait for
    esac
}

# The processes started by process $1, the youngest first. A test runner puts its children into process groups of
# their own, so follow the parents.
descendants() {
    local child
    for child in $(pgrep -P "$1" 2>/dev/null || true); do
        descendants "$child"
        echo "$child"
    done
}

# Waits until the given processes have ended, and ends those that take too long.
await_end() {
    local pid deadline=$((SECONDS + stop_timeout_s))
    for pid in "$@"; do
        while alive "$pid"; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                kill -KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.05
        done
    done
}

# Stops the command and the servers and removes the folder when the script says so, or is gone: it waits for a line from
# a pipe whose only writer is the script, so it learns of every end, kill -9 included. It has its own process group:
# Ctrl-C does not reach it. The line is the signal which the command is to get.
keeper() {
    trap '' INT TERM HUP
    local signal pid pids=()
    read -r signal || signal=TERM

    read -r pid 2>/dev/null <"$dir/command" || pid=
    if [ -n "$pid" ] && alive "$pid"; then
        mapfile -t pids < <(
            echo "$pid"
            descendants "$pid"
        )
        for pid in "${pids[@]}"; do kill "-$signal" "$pid" 2>/dev/null || true; done
        await_end "${pids[@]}"
    fi

    pids=()
    while read -r signal pid; do
        kill "-$signal" "$pid" 2>/dev/null || true
        pids+=("$pid")
    done <"$dir/servers"
    await_end "${pids[@]}"

    # Children of a killed Postgres may still be writing for a moment.
    for _ in 1 2 3 4 5; do
        rm -rf "$dir" 2>/dev/null && break
        sleep 0.2
    done
}

mkfifo "$dir/alive"
: >"$dir/servers"
exec 9<>"$dir/alive" # held until the script ends; no child below keeps it
set -m               # a process group of its own for each background job
keeper <"$dir/alive" >/dev/null 2>&1 9>&- &
keeper_pid=$!
set +m

signal=TERM

on_signal() { # name, number
    signal=$1
    # On a terminal, Ctrl-C has reached the command too: a second one would make it skip its own clean-up.
    if [ "$1" = INT ] && [ -t 0 ]; then signal=0; fi
    exit $((128 + $2))
}

on_exit() {
    local code=$?
    trap '' INT TERM HUP
    echo "$signal" 1<>"$dir/alive" # does not wait for a reader, whatever became of the keeper
    wait "$keeper_pid" 2>/dev/null || true
    exit "$code"
}
trap on_exit EXIT
trap 'on_signal HUP 1' HUP
trap 'on_signal INT 2' INT
trap 'on_signal TERM 15' TERM

# ---------------------------------------------------------------- starting

random_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# Below the range from which Linux takes the ports of outgoing connections, so only a listener can be in the way.
random_port() { echo $((15000 + (RANDOM * 32768 + RANDOM) % 17000)); }

# Starts "${@:3}" in the background, in its own process group, output to $1.log. Sets server_pid.
# $2 is the signal to stop it with: QUIT is Postgres' immediate shutdown, which skips the last checkpoint of data that is
# thrown away anyway; Redis takes TERM.
launch() {
    local name=$1 signal=$2
    shift 2
    set -m
    (
        # Recorded by the child itself while it still holds the pipe: no moment at which the keeper could miss it.
        echo "$signal $BASHPID" >>"$dir/servers"
        exec 9>&-
        cd "$dir/$name"
        exec "${as_server_user[@]}" "$@"
    ) >"$dir/$name.log" 2>&1 </dev/null &
    server_pid=$!
    set +m
}

# Waits until `$2…` succeeds while the server runs. 0 ready, 2 the port was taken; anything else ends the script.
await() {
    local name=$1 deadline=$((SECONDS + ready_timeout_s))
    shift
    while :; do
        if ("$@") >/dev/null 2>&1; then return 0; fi
        if ! kill -0 "$server_pid" 2>/dev/null; then
            if grep -qiE 'address already in use|could not create any TCP/IP sockets' "$dir/$name.log"; then
                return 2
            fi
            show_log "$name"
            die "$name stopped while starting"
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            show_log "$name"
            die "$name was not ready after ${ready_timeout_s} s"
        fi
        sleep 0.05
    done
}

show_log() {
    say "the end of the log of $1:"
    tail -n 40 "$dir/$1.log" | sed 's/^/    /' >&2
}

# Starts one server, with another port when the chosen one is taken. $2 starts it, the rest says whether it is ready.
start() {
    local name=$1 launcher=$2 attempt
    shift 2
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$(random_port)
        "$launcher"
        if await "$name" "$@"; then return 0; fi
        say "port $port is taken, choosing another ($attempt)"
        grep -v " $server_pid\$" "$dir/servers" >"$dir/servers.new" || true
        mv "$dir/servers.new" "$dir/servers" # it is gone, and its number may soon be another process
    done
    die "no free port for $name after ten attempts"
}

launch_postgres() {
    launch postgres QUIT "$postgres_bin/postgres" -D "$dir/postgres/data" -p "$port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
        -c max_connections=200 -c "shared_buffers=${PEERPACK_TEST_SHARED_BUFFERS:-128MB}" -c "fsync=${PEERPACK_TEST_FSYNC:-on}" -c log_min_messages=warning
}

# The last line of its pid file says `ready` once connections are accepted: that is our server's word, where a
# successful connection might be to another one on the same port.
postgres_ready() {
    local lines
    mapfile -t lines <"$dir/postgres/data/postmaster.pid"
    [ "${lines[0]:-}" = "$server_pid" ] && [[ ${lines[7]:-} == ready* ]]
}

launch_redis() {
    launch redis TERM redis-server "$dir/redis/redis.conf" --port "$port"
}

redis_ready() {
    # Only our server knows this password.
    [ "$(REDISCLI_AUTH=$redis_password redis-cli -h 127.0.0.1 -p "$port" ping)" = PONG ]
}

install_missing

postgres_password=$(random_password)
redis_password=$(random_password)
mkdir "$dir/postgres" "$dir/redis"
cat >"$dir/redis/redis.conf" <<CONF
bind 127.0.0.1
requirepass $redis_password
save ""
appendonly no
daemonize no
dir $dir/redis
CONF
printf '%s\n' "$postgres_password" >"$dir/postgres/password"
chmod 600 "$dir/redis/redis.conf" "$dir/postgres/password"

if [ "$(id -u)" -eq 0 ]; then
    server_user=postgres
    id "$server_user" >/dev/null 2>&1 || server_user=nobody
    as_server_user=(setpriv "--reuid=$server_user" "--regid=$(id -g "$server_user")" --clear-groups)
    chmod 711 "$dir"
    chown -R "$server_user" "$dir/postgres" "$dir/redis"
    "${as_server_user[@]}" test -w "$dir/postgres" ||
        die "$server_user cannot reach $dir; set TMPDIR to a folder every user may enter"
fi

if ! (
    cd "$dir/postgres"
    exec "${as_server_user[@]}" "$postgres_bin/initdb" -D "$dir/postgres/data" --no-sync \
        --username=peerpack --pwfile="$dir/postgres/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C
) >"$dir/postgres.log" 2>&1 9>&- </dev/null; then
    show_log postgres
    die "initdb failed"
fi

start postgres launch_postgres postgres_ready
export PEERPACK_TEST_POSTGRES="postgres://peerpack:$postgres_password@127.0.0.1:$port/postgres"
export PEERPACK_TEST_POSTGRES_BIN=$postgres_bin
start redis launch_redis redis_ready
export PEERPACK_TEST_NOT_RUN=$dir/not-run
export PEERPACK_TEST_REDIS="redis://default:$redis_password@127.0.0.1:$port/"

# ---------------------------------------------------------------- the command

# In the background, because bash answers a signal only between foreground commands; with the terminal as its input and
# with the signals that bash switches off for background jobs switched on again, it does not notice.
(
    trap - INT QUIT TERM HUP EXIT
    echo "$BASHPID" >"$dir/command"
    exec 9>&-
    exec "$@"
) <&0 &
code=0
wait $! || code=$?

if [ -s "$PEERPACK_TEST_NOT_RUN" ]; then
    say "$(wc -l <"$PEERPACK_TEST_NOT_RUN") tests count as passed, but found something missing here and were not run:"
    sort "$PEERPACK_TEST_NOT_RUN" | sed 's/^/    /' >&2
fi
exit "$code"

