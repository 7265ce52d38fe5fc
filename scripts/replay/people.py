"""People as they type and are named"""

import json
import uuid

from .client import Socket
from .table import equal, holds


def phones(server):
    """Phones as people type and paste them"""
    good = ["79001234567", "89001234567", "+7 (900) 123-45-67", "\u202a+7\u00a0900\u2011123\u201145\u201167\u202c",
            "+7 900 123\u201345\u201367", "\u0667\u0669\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667",
            "998901234567", "+998 90 123-45-67", "+375 29 123-45-67", "+995 555 12 34 56", "+7 701 123 45 67"]
    for number, phone in enumerate(good):
        # Not the same number twice: who asks for codes again and again has to wait.
        answer = server.post("/api/auth/phone-login", {"phone": phone}, headers={"X-Forwarded-For": f"10.0.0.{number}"})
        is_right = answer.status in (200, 429)
        yield holds(repr(phone), "a code is sent, or was just sent", answer, is_right)
    for phone in ["+7900123456", "+790012345678", "123", "+0 000 000", "8 029 123", "+1 555", "телефон", ""]:
        answer = server.post("/api/auth/phone-login", {"phone": phone})
        yield equal(repr(phone), (422, ["phone"]), (answer.status, answer.fields()))


def names(server):
    """Names have something to see, and nothing that hides"""
    anna = server.sign_in("Анна")
    for name in ["", "   ", "\u200b\u200b", "Анна\nИванова", "Анна\u0007", "\u2800\u3164"]:
        answer = anna.call("PATCH", "/api/user/profile", {"name": name})
        yield equal(f"the name {name!r}", (422, ["name"]), (answer.status, answer.fields()))
    answer = anna.call("PATCH", "/api/user/profile", {"name": "  Анна-Мария О'Нил  "})
    yield equal("an ordinary one is trimmed", "Анна-Мария О'Нил", answer["name"])
    nameless = server.sign_in("")
    yield holds("Telegram's empty first_name gets another", "some name", nameless.user["name"], nameless.user["name"].strip())


def repeats(server):
    """The same body in another order is the same call"""
    anna = server.sign_in("Анна")
    body = {"from": "Москва", "to": "Казань", "description": "Книги", "reward": 500}
    backwards = json.dumps(dict(reversed(body.items())), indent=2, ensure_ascii=False).encode()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = anna.post("/api/packages", body, headers=key)
    second = anna.call("POST", "/api/packages", raw=backwards, headers=key)
    yield equal("another order and spacing", (201, first["package_id"]), (second.status, second["package_id"]))
    third = anna.post("/api/packages", {**body, "reward": 501}, headers=key)
    yield equal("another body", (422, "key_reused"), (third.status, third["code"]))


def commands(server):
    """A cmd_id that is used again for another command is refused"""
    ivan = server.sign_in("Иван")
    line = Socket(server, "/ws", ["peerpack.v1", f"bearer.{ivan.token}"])
    yield equal("the handshake", (101, "peerpack.v1"), (line.status, line.protocol))
    cmd_id, request = str(uuid.uuid4()), str(uuid.uuid4())
    other = str(uuid.uuid4())
    line.say({"type": "offer.decline", "cmd_id": cmd_id, "data": {"request_id": request, "reason": "нет места"}})
    first = line.hear(lambda message: message.get("type") == "ack")
    line.say({"type": "offer.accept", "cmd_id": cmd_id, "data": {"request_id": other}})
    second = line.hear(lambda message: message.get("type") == "ack")
    yield holds("the first is answered", "an ack", first, first and first["cmd_id"] == cmd_id)
    is_new = second and second["status"] == "error" and second["code"] != first["code"]
    yield holds("the second is refused for what it is", "another error than the first's", second, is_new)
    line.close()


def heads(server):
    """HEAD wherever GET is"""
    for path in ["/api/couriers", "/api/cities", "/api/health", "/openapi.json"]:
        answer = server.call("HEAD", path)
        yield equal(f"HEAD {path}", (200, b""), (answer.status, answer.raw))


def errors(server):
    """Errors name the field and say what is right, in the reader's language, all of them at once"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    good = {"from": "Москва", "to": "Казань", "description": "Книги", "reward": 500}
    table = [("reward", "много"), ("reward", {}), ("mode", "fast"), ("ready_at", "завтра"), ("weight_g", "x"), ("tags", 7),
             ("size", "xxl"), ("from", "Нигдеево"), ("weight_g", -5), ("template", "да")]
    for field, value in table:
        answer = anna.post("/api/packages", {**good, field: value})
        is_right = answer.status in (400, 422) and field in answer.fields()
        yield holds(f"{field}: {value!r}", f"400 or 422, and {field} is named", answer, is_right)
    answer = anna.post("/api/packages", {**good, "reward": "1 500"})
    shown = anna.get(f"/api/packages/{answer['package_id']}")["reward"] if answer.status == 201 else answer
    yield equal("\"1 500\" is a number", 1500.0, shown)
    answer = anna.post("/api/packages", {**good, "from": "Нигдеево", "to": "Никудышкино", "size": "xxl"})
    yield holds("all wrong fields at once", "from, size, to", answer.fields(), {"from", "to", "size"} <= set(answer.fields()))
    for language in ["ru_RU", "ru", "tt", "kk", "uz", "be", "ky"]:
        answer = anna.post("/api/packages", {**good, "from": "Нигдеево"}, headers={"Accept-Language": language})
        message = str(answer["message"])
        yield holds(f"a reader of {language}", "Russian", message, any("а" <= letter <= "я" for letter in message.lower()))
    answer = anna.post("/api/user/withdraw", {"amount": 500, "method": "СБП"}, headers={"Accept-Language": "en"})
    yield holds("not enough money is not said of a reward", "no reward", answer, answer.status >= 400 and "reward" not in str(answer["message"]))
    trip = ivan.trip("Москва", "Казань")["trip_id"]
    package = anna.package("Москва", "Казань", mode="choose")["package_id"]
    body = {"price": 400, "comment": "Возьму", "trip_id": trip}
    ivan.post(f"/api/packages/{package}/responses", body)
    answer = ivan.post(f"/api/packages/{package}/responses", {**body, "price": 300}, headers={"Accept-Language": "en"})
    yield holds("a courier who answers twice", "409, told as they did it", answer, answer.status == 409 and "you" in str(answer["message"]).lower())


CASES = [phones, names, repeats, commands, heads, errors]
