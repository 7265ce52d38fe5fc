"""The older client's flows, as it means them"""

from concurrent.futures import ThreadPoolExecutor

from .client import Socket, eventually
from .table import equal, holds


def asked_whom_the_engine_has_asked(server):
    """A package is published, then sent to a courier whom the engine has asked"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Псков", "Тверь", time="08:00 → 20:00", transportType="car")["trip_id"]
    package = anna.package("Псков", "Тверь")["package_id"]
    offered = eventually(lambda: ivan.requests(trip))
    yield holds("the engine offers the package by itself", "one offer", offered, len(offered) == 1)
    body = {"package_id": package, "message": "Возьмёте?"}
    sent = anna.post(f"/api/couriers/{trip}/send-package", body)
    yield equal("send-package of it", 201, sent.status)
    again = anna.post(f"/api/couriers/{trip}/send-package", body)
    yield equal("the same once more", (201, sent["request_id"]), (again.status, again["request_id"]))
    requests = ivan.requests(trip)
    yield equal("the courier has one request of it", 1, len(requests))
    told = [(one["origin"], one["message"], one["status"]) for one in requests]
    yield equal("it is the sender's, with the message", [("sender", "Возьмёте?", "pending")], told)
    accepted = ivan.step(sent["request_id"], "accept")
    yield equal("accept", (200, "accepted"), (accepted.status, accepted["new_status"]))
    select = anna.post(f"/api/packages/{package}/select-courier", {"response_id": sent["request_id"]})
    yield equal("select-courier of what the courier has accepted", 200, select.status)
    for who, action, status in [(ivan, "mark-delivered", "delivered"), (anna, "confirm-delivery", "confirmed")]:
        step = who.step(sent["request_id"], action)
        yield equal(action, (200, status), (step.status, step["new_status"]))
    yield equal("the courier is paid, less a tenth", 450.0, ivan.get("/api/user/balance")["balance"]["available"])


def one_parcel(server):
    """The flat spelling after a publication of the same content is the same parcel"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Орёл", "Курск")["trip_id"]
    package = anna.package("Орёл", "Курск", description="Торт", reward=700)["package_id"]
    flat = {"message": "Осторожно, крем", "reward": 700, "packageDescription": "Торт"}
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(anna.post, f"/api/couriers/{trip}/send-package", flat) for _ in range(4)]
        answers = [call.result() for call in calls]
    yield equal("four calls at once", {201}, {answer.status for answer in answers})
    yield equal("all of them mean that package", {package}, {answer["package_id"] for answer in answers})
    yield equal("the sender has one package", 1, len(anna.get("/api/user/packages")["packages"]))
    ivan.step(answers[0]["request_id"], "accept")
    yield equal("its money is frozen once", 700.0, ivan.get("/api/user/balance")["balance"]["frozen"])


def whose_words(server):
    """Whose words are whose"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Омск", "Томск", airport="Омск-Центральный", transportType="plane")["trip_id"]
    package = anna.package("Омск", "Томск", mode="choose")["package_id"]
    responded = ivan.post(f"/api/packages/{package}/responses", {"price": 450, "comment": "Возьму", "trip_id": trip})
    yield equal("a response", 201, responded.status)
    yield equal("package-requests leaves out what the courier started", [], ivan.requests(trip))
    response = anna.get(f"/api/packages/{package}/responses")["responses"][0]
    yield equal("comment is the courier's", ("Возьму", ""), (response["comment"], response["message"]))
    yield equal("the airport is kept", "Омск-Центральный", response["airport"])
    chosen = anna.post(f"/api/packages/{package}/select-courier", {"response_id": responded["response_id"]})
    yield equal("select-courier", 200, chosen.status)
    oleg = server.sign_in("Олег")
    other = anna.package("Омск", "Томск", mode="choose")["package_id"]
    named = {"price": 1, "comment": "", "date": server.day(3), "time": "09:00", "airport": "OMS"}
    oleg.post(f"/api/packages/{other}/responses", named)
    response = anna.get(f"/api/packages/{other}/responses")["responses"][0]
    yield equal("the airport of a response without a trip is kept", "OMS", response["airport"])
    third = anna.package("Омск", "Томск", mode="choose")["package_id"]
    named = {"price": 1, "comment": "", "trip_id": trip, "airport": "Омск-Фёдоровка"}
    ivan.post(f"/api/packages/{third}/responses", named)
    response = anna.get(f"/api/packages/{third}/responses")["responses"][0]
    yield equal("and so is another one than the trip's", "Омск-Фёдоровка", response["airport"])


def what_was_entered(server):
    """A sender sees what they have entered"""
    anna = server.sign_in("Анна")
    entered = {
        "pickup_address": "Тверская, 1", "delivery_address": "Баумана, 2", "weight_g": 1700, "volume_ml": 900,
        "ready_at": f"{server.day(1)}T00:00:00.000Z", "deliver_by": f"{server.day(5)}T12:00:00.000Z",
    }
    package = anna.package("Москва", "Казань", **entered)["package_id"]
    shown = anna.get(f"/api/packages/{package}").json
    for field, value in entered.items():
        yield equal(field, value, shown.get(field))


def packages_are_found(server):
    """In mode choose couriers can find packages"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Ижевск", "Пермь")["trip_id"]
    package = anna.package("Ижевск", "Пермь", mode="choose", pickup_address="Пушкинская, 1")["package_id"]
    for query in [f"trip_id={trip}", "from=Ижевск&to=Пермь", ""]:
        found = ivan.get(f"/api/packages?{query}")
        ids = [one["id"] for one in found["packages"] or []]
        yield holds(f"GET /api/packages?{query.split('=')[0]}", package, found, found.status == 200 and package in ids)
        told = found.raw.decode("utf-8", "replace")
        yield holds("without an address", "no address", told[:60], found.status == 200 and "Пушкинская" not in told)
    notified = ivan.get("/api/user/notifications")["notifications"]
    kinds = [one["type"] for one in notified]
    yield holds("the courier is notified", "new_package_available", kinds, "new_package_available" in kinds)


def a_page_opens_its_socket(server):
    """A page opens /ws/updates with its token as a subprotocol"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Брянск", "Смоленск")["trip_id"]
    protocol = f"bearer.{ivan.token}"
    line = Socket(server, "/ws/updates", [protocol])
    yield equal("the handshake", 101, line.status)
    yield holds("it answers a protocol that was named", "bearer.…", line.protocol, line.protocol == protocol)
    anna.package("Брянск", "Смоленск")
    said = line.hear(lambda message: message.get("type") == "package_request")
    yield equal("and says what is asked", trip, said and said["trip_id"])
    line.close()


def pictures(server):
    """Somebody without a picture has one"""
    ivan = server.sign_in("Иван Петров")
    ivan.trip("Рязань", "Пенза")
    found = server.get("/api/couriers?from=Рязань&to=Пенза")["couriers"]
    avatar = [one["avatar"] for one in found if one["courier_id"] == ivan.id][0]
    path = avatar[len(server.url):] if avatar.startswith(server.url) else avatar
    picture = server.get(path)
    yield equal("the picture", (200, "image/svg+xml"), (picture.status, picture.headers.get("content-type")))
    yield holds("shows the initials", "ИП", picture.raw.decode(), "ИП" in picture.raw.decode())
    policy = picture.headers.get("content-security-policy", "")
    is_strict = picture.status == 200 and "default-src 'none'" in policy
    yield holds("and may do nothing", "default-src 'none'", policy, is_strict)
    elsewhere = server.get("/api/couriers?from=Рязань&to=Пенза", headers={"Origin": "http://localhost:5173"})
    avatar = elsewhere["couriers"][0]["avatar"]
    yield holds("its link is absolute for a page elsewhere", "http…", avatar, avatar.startswith("http"))


CASES = [
    asked_whom_the_engine_has_asked, one_parcel, whose_words, what_was_entered, packages_are_found,
    a_page_opens_its_socket, pictures,
]
