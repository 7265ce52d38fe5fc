#!/usr/bin/env python3
"""Abuses a throwaway server for an hour, a little of everything, and shows whether it stays as it was.

    scripts/soak.py                              # 60 minutes against target/release/peerpack
    scripts/soak.py --minutes 10 --report soak.md

Each round strangers leave bodies unfinished, send random bytes and broken JSON, guess codes, open sockets and cut them,
pipeline upgrades, publish and call off, and delete accounts while they are asked; then all that was made in the round is
taken back. Twice a minute memory, descriptors and threads of the server are read. They are held to be flat when the median
of the last third is within a tenth (and 8 MiB, 16 descriptors, 4 threads) of that of the third before; the first third
warms up. A server that ends, panics or is not healthy at the end fails. The exit code says whether it held.

The embedded store keeps pages of its file in memory, 64 MiB for the writer and 16 MiB for each reader at most, so memory
grows with the file until then; the file is shown beside it. With DATABASE_URL (and REDIS_URL) there are no such pages:

    scripts/services.sh sh -c 'DATABASE_URL=$PEERPACK_TEST_POSTGRES REDIS_URL=$PEERPACK_TEST_REDIS scripts/soak.py'
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import abuse

ALLOWANCE = {"memory, MiB": 8, "descriptors": 16, "threads": 4}


def usage(pid, directory):
    """What the server has of each."""
    data = os.path.join(directory, "data")
    files = [entry for entry in os.scandir(data) if entry.is_file()] if os.path.isdir(data) else []
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip().split(":", 1) for line in file)
    return {
        "memory, MiB": int(status["VmRSS"].split()[0]) / 1024,
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "files of the embedded store, MiB": sum(entry.stat().st_size for entry in files) / 2**20,
    }


def unfinished_bodies(server):
    streams = [server.connect() for _ in range(20)]
    for stream in streams:
        stream.sendall(abuse.chunked("/api/packages", via=abuse.anybody()))
    time.sleep(1)
    for stream in streams:
        stream.close()


def random_bytes(server):
    for _ in range(20):
        with server.connect() as stream:
            try:
                stream.sendall(random.randbytes(random.randrange(1, 4_000)))
                stream.settimeout(1)
                stream.recv(4_096)
            except OSError:
                pass


def broken_json(server):
    token = server.sign_in("Stranger")
    for body in [[], {"from": 5}, {"from": "Тверь", "to": {"lat": "x"}}, {"reward": -1}, {"a" * 5_000: 1}] * 4:
        server.call("POST", "/api/packages", body, token=token, via=abuse.anybody())
    server.call("DELETE", "/api/user/account", token=token)


def guesses(server):
    phone = f"+79{random.randrange(10**9):09}"
    for _ in range(4):
        server.call("POST", "/api/auth/phone-login", {"phone": phone}, via=abuse.anybody())
        server.call("POST", "/api/auth/verify-otp", {"phone": phone, "code": "000000"}, via=abuse.anybody())
        wrong = {"login": f"nobody{random.randrange(10**6)}", "password": "wrong"}
        server.call("POST", "/api/auth/operator", wrong, via=abuse.anybody())


def sockets_that_are_cut(server):
    token = server.sign_in("Connected")
    upgrade = (
        "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        f"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    for _ in range(20):
        with server.connect() as stream:
            try:
                stream.sendall(upgrade.encode())
                stream.recv(4_096)
                stream.sendall(random.randbytes(random.randrange(1, 400)))
            except OSError:
                pass
    server.call("DELETE", "/api/user/account", token=token)


def a_market_in_passing(server):
    until = time.monotonic() + 30
    sender, courier = server.sign_in("Sender"), server.sign_in("Courier")
    _, trip = server.patiently("POST", "/api/trips", abuse.journey(), token=courier, until=until)
    for _ in range(5):
        _, package = server.patiently("POST", "/api/packages", abuse.parcel(), token=sender, until=until)
        server.call("GET", f"/api/packages/{package.get('package_id')}/explain", token=sender)
        server.call("GET", "/api/couriers?from=%D0%A2%D0%B2%D0%B5%D1%80%D1%8C", token=sender)
        server.call("PUT", f"/api/packages/{package.get('package_id')}/cancel", token=sender)
    server.call("PUT", f"/api/trips/{trip.get('trip_id')}/cancel", token=courier)
    for token in [sender, courier]:
        server.call("DELETE", "/api/user/account", token=token)


def as_in_the_table(case):
    """A case of the abuse script, for what it does and not for what it finds."""
    return lambda server: [None for _ in case(server)]


ROUND = [
    unfinished_bodies,
    random_bytes,
    broken_json,
    guesses,
    sockets_that_are_cut,
    a_market_in_passing,
    as_in_the_table(abuse.upgrade_behind_a_request),
    as_in_the_table(abuse.owner_of_a_phone),
]


def serve(binary, directory, port):
    log = os.path.join(directory, "log")
    environment = os.environ | {
        "PEERPACK_LISTEN": f"127.0.0.1:{port}",
        "PEERPACK_LIMITS": "true",
        "PEERPACK_TRUSTED_PROXIES": "1",
    }
    if environment.get("DATABASE_URL"):
        subprocess.run([binary, "migrate"], env=environment, check=True)
    with open(log, "wb") as file:
        child = subprocess.Popen(
            [binary, "serve", "--data-dir", os.path.join(directory, "data")],
            env=environment, stdout=file, stderr=subprocess.STDOUT,
        )
    server = None
    for _ in range(300):
        time.sleep(0.2)
        server = server or abuse.Server(f"http://127.0.0.1:{port}", abuse.PUBLIC_TEST_TOKEN, log)
        if child.poll() is None and server.call("GET", "/api/health")[0] == 200:
            return child, server
    sys.exit("soak.py: the server did not start")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/peerpack")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--port", type=int, default=18_543)
    parser.add_argument("--report", help="where to write the table")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        child, server = serve(chosen.binary, directory, chosen.port)
        try:
            lines, well = abused(child, server, directory, chosen.minutes)
        finally:
            child.terminate()
            child.wait(30)
    text = "\n".join(lines)
    print(text)
    if chosen.report:
        with open(chosen.report, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 0 if well else 1


def abused(child, server, directory, minutes):
    over, rounds, broken = time.monotonic() + 60 * minutes, 0, []
    samples = []

    def watch():
        while time.monotonic() < over and child.poll() is None:
            samples.append(usage(child.pid, directory))
            time.sleep(min(30, 60 * minutes / 30))

    watching = threading.Thread(target=watch)
    watching.start()
    while time.monotonic() < over:
        for part in random.sample(ROUND, len(ROUND)):
            part(server)
        rounds += 1
        with open(server.log, encoding="utf-8", errors="replace") as file:
            broken = re.findall(r"panicked at[^\n]*", file.read())
        if child.poll() is not None or broken:
            break
    ended = child.poll()
    watching.join()
    status = 0 if ended is not None else server.call("GET", "/api/health")[0]
    third = len(samples) // 3
    well = ended is None and not broken and status == 200
    lines = [f"{rounds} rounds in {minutes:g} minutes, {len(samples)} samples", ""]
    lines += ["| | first third | second | last | most | flat |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for what in samples[0]:
        values = [sample[what] for sample in samples]
        parts = [values[:third], values[third : 2 * third], values[2 * third :]]
        first, second, last = (statistics.median(part) if part else 0 for part in parts)
        flat = what not in ALLOWANCE or last <= max(1.1 * second, second + ALLOWANCE[what])
        well = well and flat
        figures = " | ".join(f"{figure:.0f}" for figure in [first, second, last, max(values)])
        lines.append(f"| {what} | {figures} | {'yes' if flat and what in ALLOWANCE else '' if flat else 'NO'} |")
    lines += ["", f"panics: {len(broken)}; health at the end: {status}; the server {'ended' if ended is not None else 'ran on'}"]
    return lines, well


if __name__ == "__main__":
    sys.exit(main())
