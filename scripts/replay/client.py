"""A server, people who use it, and a socket: as much of HTTP and WebSocket as the cases need."""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import socket
import ssl
import struct
import time
import urllib.parse

# The bot token of Telegram's public documentation, which is the default in development.
PUBLIC_TEST_TOKEN = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8"

# How long something may take that happens by itself, seconds.
PATIENCE = 15

_numbers = itertools.count(int(time.time()) % 10_000_000 * 1_000)


class Answer:
    """What the server says to a call."""

    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self):
        """The body as JSON; an empty object if it is none."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return {}

    def __getitem__(self, field):
        value = self.json
        return value.get(field) if isinstance(value, dict) else None

    def fields(self):
        """The fields that an error names."""
        return sorted(self["fields"] or {})

    def __str__(self):
        if self.status < 400:
            return f"{self.status} {self.raw.decode('utf-8', 'replace')[:200]}"
        return f"{self.status} {self['code']} {self['message']} {self['fields'] or ''}".strip()


class Server:
    """A server, as nobody in particular sees it."""

    def __init__(self, url, bot_token, token=None):
        self.url, self.bot_token, self.token = url, bot_token, token

    def call(self, method, path, body=None, headers=None, raw=None):
        """One call; `raw` is a body that is sent as it is."""
        parts = urllib.parse.urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=30)
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        target = urllib.parse.quote(path, safe="/?&=%:,+-._~")
        try:
            connection.request(method, target, data, sent)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body, **more):
        return self.call("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.call("PUT", path, body, **more)

    def sign_in(self, name="Анна", language="ru"):
        """Somebody new, by init data as Telegram would sign it."""
        number = next(_numbers)
        user = {"id": number, "first_name": name, "username": f"user{number}", "language_code": language}
        pairs = {"auth_date": str(int(self.now())), "user": json.dumps(user, ensure_ascii=False)}
        text = "\n".join(f"{key}={pairs[key]}" for key in sorted(pairs))
        secret = hmac.new(b"WebAppData", self.bot_token.encode(), hashlib.sha256).digest()
        pairs["hash"] = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        answer = self.post("/api/auth/telegram", {"init_data": urllib.parse.urlencode(pairs)})
        if answer.status != 200:
            raise RuntimeError(f"nobody can sign in: {answer}")
        person = Person(self.url, self.bot_token, answer["access_token"])
        person.user = answer["user"]
        return person

    def now(self):
        """The time, seconds since 1970. The server and this machine should agree on it."""
        return time.time()

    def day(self, days):
        """The date so many days from now, `YYYY-MM-DD`."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.now() + days * 86_400))


class Person(Server):
    """Somebody who has signed in."""

    user = None

    @property
    def id(self):
        return self.user["id"]

    def trip(self, origin, destination, **more):
        """Publishes a trip; answers with the answer."""
        body = {"from": origin, "to": destination, "date": self.day(8), "time": "08:00", "airport": "", "price": 300}
        return self.post("/api/trips", {**body, **more})

    def package(self, origin, destination, **more):
        """Publishes a package; answers with the answer."""
        body = {"from": origin, "to": destination, "description": "Книги", "reward": 500}
        return self.post("/api/packages", {**body, **more})

    def requests(self, trip):
        """What is asked of one's trip."""
        return self.get(f"/api/trips/{trip}/package-requests")["requests"] or []

    def step(self, request, action):
        return self.put(f"/api/package-requests/{request}/{action}")


def eventually(look, patience=PATIENCE):
    """What comes about before long; otherwise what `look` has found last."""
    until = time.monotonic() + patience
    while True:
        found = look()
        if found or time.monotonic() > until:
            return found
        time.sleep(0.1)


class Socket:
    """A WebSocket as a page opens it: with subprotocols, and no other header of its own."""

    def __init__(self, server, path, protocols, origin="http://localhost:5173"):
        parts = urllib.parse.urlsplit(server.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self.line = socket.create_connection((parts.hostname, port), timeout=PATIENCE)
        if parts.scheme == "https":
            self.line = ssl.create_default_context().wrap_socket(self.line, server_hostname=parts.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        asked = [
            f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Origin: {origin}",
            f"Sec-WebSocket-Protocol: {', '.join(protocols)}",
        ]
        self.line.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
        self.kept = b""
        while b"\r\n\r\n" not in self.kept:
            self.kept += self._some()
        head, self.kept = self.kept.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}

    @property
    def protocol(self):
        return self.headers.get("sec-websocket-protocol")

    def _some(self):
        some = self.line.recv(65_536)
        if not some:
            raise ConnectionError("the socket has ended")
        return some

    def _take(self, length):
        while len(self.kept) < length:
            self.kept += self._some()
        taken, self.kept = self.kept[:length], self.kept[length:]
        return taken

    def say(self, message):
        """Sends a message as one masked text frame."""
        data, mask = json.dumps(message).encode(), os.urandom(4)
        length = len(data)
        head = bytes([0x81, 0x80 | length]) if length < 126 else struct.pack("!BBH", 0x81, 0xFE, length)
        self.line.sendall(head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data)))

    def hear(self, wanted):
        """The first message that is wanted; `None` if it does not come in time."""
        try:
            while True:
                first, length = self._take(2)
                length &= 0x7F
                if length == 126:
                    (length,) = struct.unpack("!H", self._take(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", self._take(8))
                data = self._take(length)
                if first & 0x0F == 1:
                    message = json.loads(data)
                    if wanted(message):
                        return message
        except (TimeoutError, ConnectionError):
            return None

    def close(self):
        self.line.close()
