#!/usr/bin/env python3
"""Does to a running server what strangers could do to it, a little of each, and prints what came of it as a table.

    PEERPACK_LIMITS=true PEERPACK_TRUSTED_PROXIES=1 \\
        target/release/peerpack serve --data-dir /tmp/abused > /tmp/abused.log 2>&1 &
    scripts/abuse.py --log /tmp/abused.log --save before.json
    scripts/abuse.py --log /tmp/abused.log --before before.json       # with what it was before beside it

It needs nothing but Python. It speaks to this machine only and refuses any other address; everything it does has an end,
in number and in time. It leaves people, packages and an administrator behind: give it a store of its own, in development
mode. Where clients are to come from many networks it says so in X-Forwarded-For, which counts with
PEERPACK_TRUSTED_PROXIES=1. The log is read for the codes that development mode writes there, and for the invitation of the
first administrator; without it two cases are left out.
"""

import argparse
import hashlib
import hmac
import http.client
import ipaddress
import json
import random
import re
import socket
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

PUBLIC_TEST_TOKEN = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8"
PASSWORD = "correct horse battery staple"


class Server:
    """A server on this machine."""

    def __init__(self, url, bot_token, log):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.bot_token, self.log = bot_token, log
        found = {info[4][0] for info in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)}
        if parts.scheme != "http" or not found or not all(ipaddress.ip_address(ip).is_loopback for ip in found):
            sys.exit(f"abuse.py: {url} is not on this machine: only http://127.0.0.1, http://[::1] or localhost")

    def call(self, method, path, body=None, token=None, via=None, timeout=30):
        """One request: its status, its answer, and the seconds to wait if it says so."""
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if via:
            headers["x-forwarded-for"] = via
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            wait = int(answer.headers.get("retry-after") or 0)
            return answer.status, json.loads(text) if text.startswith(b"{") else {}, wait
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}, 0
        finally:
            connection.close()

    def patiently(self, *args, until, **more):
        """The same, once more after each 429, for a while."""
        while True:
            status, answer, wait = self.call(*args, **more)
            if status != 429 or time.monotonic() + wait > until:
                return status, answer
            time.sleep(max(wait, 0.2))

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=10)

    def sign_in(self, name):
        """Somebody new, as Telegram would vouch for them: a token."""
        number = random.randrange(10**9, 2 * 10**9)
        fields = {
            "auth_date": str(int(time.time())),
            "user": json.dumps({"id": number, "first_name": name, "language_code": "ru"}),
        }
        checked = "\n".join(f"{key}={fields[key]}" for key in sorted(fields)).encode()
        secret = hmac.new(b"WebAppData", self.bot_token.encode(), hashlib.sha256).digest()
        fields["hash"] = hmac.new(secret, checked, hashlib.sha256).hexdigest()
        body = {"init_data": urllib.parse.urlencode(fields)}
        status, answer = self.patiently(
            "POST", "/api/auth/telegram", body, via=anybody(), until=time.monotonic() + 60
        )
        if status != 200:
            sys.exit(f"abuse.py: nobody can sign in here ({status} {answer.get('code', '')}): is it in development mode?")
        return answer["access_token"]

    def logged(self, pattern):
        """What the log says last of something."""
        if not self.log:
            return None
        with open(self.log, encoding="utf-8", errors="replace") as file:
            text = re.sub(r"\x1b\[[0-9;]*m", "", file.read())
        found = re.findall(pattern, text)
        return found[-1] if found else None


def anybody():
    """An address of some network."""
    return f"{random.randrange(11, 100)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def parcel(**more):
    return {
        "from": "Тверь", "to": "Вологда", "description": "книги", "reward": 0, "size": "s", "weight": "light",
        "tags": [], "pickup_address": "ул. Ленина, 1", "delivery_address": "ул. Мира, 2", **more,
    }


def journey():
    in_two_days = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86_400))
    return {
        "from": "Тверь", "to": "Вологда", "date": in_two_days, "time": "08:00 → 22:00", "airport": "", "price": 0,
        "trip_comment": "", "transportType": "car", "capacity": "large", "max_detour_min": 60,
    }


# ------------------------------------------------------------------------------------------------ 1. bodies


def chunked(path, token="nobody's", via=None):
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n"
    if via:
        head += f"x-forwarded-for: {via}\r\n"
    return f"{head}transfer-encoding: chunked\r\n\r\n1\r\n \r\n".encode()


def is_open(stream):
    """Whether a connection is still held, answers aside."""
    stream.setblocking(False)
    try:
        while True:
            if not stream.recv(65_536):
                return False
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        stream.setblocking(True)


def bodies_that_never_end(server):
    paths = ["/api/packages", "/api/nowhere", "/api/auth/logout"]
    streams = []
    for n in range(60):
        stream = server.connect()
        stream.sendall(chunked(paths[n % len(paths)], via=anybody()))
        streams.append(stream)
    until = time.monotonic() + 25
    while time.monotonic() < until:
        time.sleep(2)
        for stream in streams:
            try:
                stream.sendall(b"1\r\n \r\n")
            except OSError:
                pass
    held = sum(is_open(stream) for stream in streams)
    for stream in streams:
        stream.close()
    yield "1", "connections held 25 s after the answer, of 60", held, held == 0

    stream = server.connect()
    stream.sendall(chunked("/api/packages"))
    piece, sent = b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0
    try:
        while sent < 256 * 2**20:
            stream.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    stream.close()
    yield "1", "MB taken in after the answer, of 256", sent // 2**20, sent < 32 * 2**20

    streams, via = [], anybody()
    for _ in range(300):
        stream = server.connect()
        head = "POST /api/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n"
        stream.sendall(f"{head}x-forwarded-for: {via}\r\n\r\n{{".encode())
        streams.append(stream)
    time.sleep(2)
    waiting = 0
    for stream in streams:
        stream.setblocking(False)
        try:
            stream.recv(1)
        except BlockingIOError:
            waiting += 1
        except OSError:
            pass
        stream.close()
    yield "1", "connections of one client behind a proxy, of 300", waiting, waiting <= 256


# ------------------------------------------------------------------------------------------------ 2. a phone


def code_of(phone):
    """How the log says a code, to people or as JSON."""
    return rf'phone"?[=:]"?{re.escape(phone)}"?.*?code"?[=:]"?(\d{{6}})'


def owner_of_a_phone(server):
    phone = f"+79{random.randrange(10**9):09}"
    for _ in range(12):
        server.call("POST", "/api/auth/phone-login", {"phone": phone}, via=anybody())
    last = server.logged(code_of(phone))
    for _ in range(24):
        guess = {"phone": phone, "code": f"{random.randrange(10**6):06}"}
        server.call("POST", "/api/auth/verify-otp", guess, via=anybody())
    at_home = anybody()
    status, asked, wait = server.call("POST", "/api/auth/phone-login", {"phone": phone}, via=at_home)
    if status == 200:
        yield "2", "the owner asks for a code", "200", True
    else:
        yield "2", "the owner asks for a code", f"{status}, {wait} s", False
    if not server.log:
        return
    code = server.logged(code_of(phone)) or last or "000000"
    shown = {"phone": phone, "code": code}
    if status == 200:
        shown["challenge_id"] = asked["challenge_id"]
    status, _, _ = server.call("POST", "/api/auth/verify-otp", shown, via=at_home)
    yield "2", "the owner signs in with the last code that came", status, status == 200


# ------------------------------------------------------------------------------------------------ 3. an operator


def operator_under_guesses(server):
    invitation = server.logged(r"(inv_[0-9a-f]{64})")
    if not invitation:
        return
    login, at_home = f"admin{random.randrange(10**6)}", anybody()
    first = {"invitation": invitation, "login": login, "password": PASSWORD, "name": "Administrator"}
    status, _, _ = server.call("POST", "/api/auth/first-admin", first, via=at_home)
    if status not in (200, 201):
        yield "3", "the first administrator (the store is not new)", status, False
        return
    right = {"login": login, "password": PASSWORD}
    _, known, _ = server.call("POST", "/api/auth/operator", right, via=at_home)
    device = known.get("device_token")
    if device:
        right["device_token"] = device
    over = threading.Event()

    def guess():
        while not over.is_set():
            server.call("POST", "/api/auth/operator", {"login": login, "password": "wrong"}, via=anybody(), timeout=5)
            time.sleep(0.2)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(guess)
        time.sleep(5)
        refused, until = 0, time.monotonic() + 90
        for _ in range(6):
            status, _, wait = server.call("POST", "/api/auth/operator", right, via=at_home)
            if status == 200:
                break
            refused += 1
            if time.monotonic() + wait > until:
                break
            time.sleep(wait)
        over.set()
    yield "3", "times an administrator is refused under 40 guesses/s, of 6", refused, refused == 0


# ------------------------------------------------------------------------------------------------ 4. one account


def one_account(server):
    until = time.monotonic() + 100
    hoarder, courier, count, refusal = server.sign_in("Hoarder"), server.sign_in("Courier"), 0, "none"
    while time.monotonic() < until and count < 700:
        status, answer = server.patiently("POST", "/api/packages", parcel(), token=hoarder, until=until)
        if status != 201:
            refusal = f"{status} {answer.get('code', '')}"
            break
        count += 1
    yield "4", f"open packages of one account in 100 s (refusal: {refusal})", count, refusal.startswith("409")

    status, trip = server.patiently("POST", "/api/trips", journey(), token=courier, until=until + 30)
    count, refusal, until = 0, "none", time.monotonic() + 100
    senders = [server.sign_in(f"Sender {n}") for n in range(8)]
    path = f"/api/couriers/{trip.get('trip_id')}/send-package"
    while time.monotonic() < until and count < 700:
        body = {"is_new_package": True, "package_data": parcel()}
        status, answer = server.patiently("POST", path, body, token=senders[count % 8], until=until)
        if status != 201:
            refusal = f"{status} {answer.get('code', '')}"
            break
        count += 1
    yield "4", f"pending requests on one trip in 100 s (refusal: {refusal})", count, refusal.startswith("409")

    started = time.monotonic()
    status, _ = server.patiently("DELETE", "/api/user/account", token=hoarder, until=started + 30, timeout=60)
    took = time.monotonic() - started
    yield "4", f"seconds until a large account's deletion is answered ({status})", round(took, 2), took < 3


# ------------------------------------------------------------------------------------------------ 5. a race


def deletion_and_acceptance(server):
    both = 0
    for _ in range(20):
        until = time.monotonic() + 30
        sender, courier = server.sign_in("Sender"), server.sign_in("Courier")
        _, trip = server.patiently("POST", "/api/trips", journey(), token=courier, until=until)
        body = {"is_new_package": True, "package_data": parcel()}
        path = f"/api/couriers/{trip.get('trip_id')}/send-package"
        _, asked = server.patiently("POST", path, body, token=sender, until=until)
        calls = [
            ("DELETE", "/api/user/account", None, sender),
            ("PUT", f"/api/package-requests/{asked.get('request_id')}/accept", None, courier),
        ]
        random.shuffle(calls)
        start = threading.Barrier(2)

        def do(call):
            start.wait()
            return server.call(*call)[0]

        with ThreadPoolExecutor(2) as pool:
            both += list(pool.map(do, calls)) == [200, 200]
    yield "5", "deletions and acceptances that both succeed, of 20", both, both == 0


# ------------------------------------------------------------------------------------------------ 7. an upgrade


def upgrade_behind_a_request(server):
    token, lost = server.sign_in("Upgrader"), 0
    request = f"POST /api/ws-ticket HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
    upgrade = (
        "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        f"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    for _ in range(20):
        stream, answer = server.connect(), b""
        stream.sendall((request + upgrade).encode())
        try:
            while b"HTTP/1.1 101" not in answer and (piece := stream.recv(65_536)):
                answer += piece
        except OSError:
            pass
        stream.close()
        lost += not answer.startswith(b"HTTP/1.1 201")
    yield "7", "answers swallowed by an upgrade behind the request, of 20", lost, lost == 0


CASES = [
    bodies_that_never_end,
    owner_of_a_phone,
    operator_under_guesses,
    one_account,
    deletion_and_acceptance,
    upgrade_behind_a_request,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--bot-token", default=PUBLIC_TEST_TOKEN, help="the default is that of development mode")
    parser.add_argument("--log", help="the server's log")
    parser.add_argument("--only", help="the cases to replay, such as 1,7")
    parser.add_argument("--save", help="where to keep the results")
    parser.add_argument("--before", help="kept results of an earlier run, to show beside")
    chosen = parser.parse_args()
    server = Server(chosen.url, chosen.bot_token, chosen.log)
    before = {}
    if chosen.before:
        with open(chosen.before, encoding="utf-8") as file:
            before = json.load(file)
    numbers = dict(zip(CASES, "123457"))
    only = chosen.only.split(",") if chosen.only else list(numbers.values())
    results, well = {}, True
    print(f"{'':2} {'what':76} {'before':>12} {'now':>12}")
    for case in CASES:
        if numbers[case] not in only:
            continue
        for number, what, measured, holds in case(server):
            # What stands in brackets may differ from run to run.
            key = re.sub(r" \(.*\)", "", what)
            results[key], well = measured, well and holds
            print(f"{number:2} {what:76} {before.get(key, ''):>12} {measured:>12}  {'holds' if holds else 'OPEN'}", flush=True)
    if chosen.save:
        with open(chosen.save, "w", encoding="utf-8") as file:
            json.dump(results, file, ensure_ascii=False, indent=2)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
