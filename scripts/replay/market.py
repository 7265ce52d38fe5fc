"""A parcel that nobody competes with is offered at once"""

from .client import eventually
from .table import equal, holds

# How many offers, cancellations or packages a case makes at most; each way is used by one case only.
SPAM = 8

# How many senders have had a package carried on the way of the rich market.
RIVALS = 60


def reach(person, origin, destination, reward, weight):
    """What a dry run says of a package."""
    body = {"from": origin, "to": destination, "description": "Книги", "reward": reward, "weight": weight}
    return person.post("/api/packages/dry-run", body)


def is_offered(courier, trip, package):
    """Whether the engine offers the package for the trip before long."""
    def look():
        return any(one["package_id"] == package for one in courier.requests(trip))
    return eventually(look)


def an_empty_market(server):
    """One trip 8 days ahead with a 5 kg bag, one medium parcel over it"""
    ways = [("Сургут", "Тюмень", 100, True), ("Владимир", "Иваново", 1000, True), ("Архангельск", "Киров", 3000, True),
            ("Вологда", "Череповец", 100, False), ("Чита", "Иркутск", 1000, False), ("Калуга", "Тула", 3000, False)]
    for origin, destination, reward, is_trip_first in ways:
        anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
        if is_trip_first:
            trip = ivan.trip(origin, destination, capacity="medium")["trip_id"]
            dry = reach(anna, origin, destination, reward, "medium")
            yield holds(f"a dry run for {reward} RUB", "one courier would see it", dry, dry["couriers"] == 1)
            yield equal("and what happens next", "offered", (dry["next"] or {}).get("step"))
        package = anna.package(origin, destination, weight="medium", reward=reward)["package_id"]
        if not is_trip_first:
            trip = ivan.trip(origin, destination, capacity="medium")["trip_id"]
        offered = is_offered(ivan, trip, package)
        explained = anna.get(f"/api/packages/{package}/explain")
        got = "offered" if offered else f"not offered: {explained['reasons']}"
        order = "after" if is_trip_first else "before"
        yield holds(f"published for {reward} RUB {order} the trip", "offered at once", got, offered)


def called_off_for_nothing(server):
    """Eight parcels published and called off by one account do not silence a route"""
    spammer, anna, ivan = server.sign_in("Спам"), server.sign_in("Анна"), server.sign_in("Иван")
    for _ in range(SPAM):
        package = spammer.package("Рыбинск", "Ярославль", weight="medium", reward=50_000)["package_id"]
        spammer.put(f"/api/packages/{package}/cancel")
    trip = ivan.trip("Рыбинск", "Ярославль", capacity="medium")["trip_id"]
    package = anna.package("Рыбинск", "Ярославль", weight="medium", reward=300)["package_id"]
    offered = is_offered(ivan, trip, package)
    yield holds("somebody else's parcel afterwards", "offered at once", "offered" if offered else "not offered", offered)


def one_account_counts_little(server):
    """Eight parcels of one account that just wait do not silence a route either"""
    spammer, anna, ivan = server.sign_in("Спам"), server.sign_in("Анна"), server.sign_in("Иван")
    for _ in range(SPAM):
        spammer.package("Саратов", "Пенза", weight="medium", reward=50_000, mode="choose")
    trip = ivan.trip("Саратов", "Пенза", capacity="medium")["trip_id"]
    package = anna.package("Саратов", "Пенза", weight="medium", reward=300)["package_id"]
    offered = is_offered(ivan, trip, package)
    yield holds("somebody else's parcel", "offered at once", "offered" if offered else "not offered", offered)


def the_dry_run_is_what_publishing_does(server):
    """The dry run's answer is what publishing the same body does next"""
    anna, ivan = server.sign_in("Анна"), server.sign_in("Иван")
    trip = ivan.trip("Тамбов", "Липецк", capacity="small")["trip_id"]
    for weight, expected in [("light", 1), ("heavy", 0)]:
        dry = reach(anna, "Тамбов", "Липецк", 500, weight)
        yield equal(f"a dry run of a {weight} parcel", expected, dry["couriers"])
        package = anna.package("Тамбов", "Липецк", weight=weight)["package_id"]
        offered = is_offered(ivan, trip, package) if expected else any(
            one["package_id"] == package for one in ivan.requests(trip))
        yield equal(f"a {weight} parcel that is published", bool(expected), bool(offered))
        words = (dry["text_ru"], dry["text_en"])
        yield holds("both say in words what happens", "two texts", words, all(words))


def a_rich_market(server):
    """Where many compete, room may be kept; until when, and what would be enough, is said, and it is so"""
    origin, destination, anna = "Воронеж", "Курск", server.sign_in("Анна")
    for _ in range(RIVALS):
        sender, courier = server.sign_in("Соперник"), server.sign_in("Иван")
        trip = courier.trip(origin, destination, capacity="medium")["trip_id"]
        package = sender.package(origin, destination, weight="medium", reward=3000)["package_id"]
        body = {"package_id": package, "message": ""}
        request = sender.post(f"/api/couriers/{trip}/send-package", body)["request_id"]
        for who, action in [(courier, "accept"), (courier, "mark-delivered"), (sender, "confirm-delivery")]:
            who.step(request, action)
    courier = server.sign_in("Иван")
    trip = courier.trip(origin, destination, capacity="medium")["trip_id"]
    dry = reach(anna, origin, destination, 100, "medium")
    step = dry["next"] or {}
    yield holds("a dry run says what happens next", "kept, or offered", step, step.get("step") in ("kept", "offered"))
    package = anna.package(origin, destination, weight="medium", reward=100)["package_id"]
    explained = anna.get(f"/api/packages/{package}/explain")["next"] or {}
    if step.get("step") == "kept":
        yield holds("until when, and which reward is enough", "kept_until, reward_at_once", step,
                    step.get("kept_until") and step.get("reward_at_once"))
        yield equal("published, it is kept so long", step.get("kept_until"), explained.get("kept_until"))
        enough = step.get("reward_at_once") or 0
        better = anna.package(origin, destination, weight="medium", reward=enough)["package_id"]
        offered = is_offered(courier, trip, better)
        yield holds(f"for {enough} RUB", "offered at once", "offered" if offered else "not offered", offered)
    else:
        offered = is_offered(courier, trip, package)
        yield holds("published", "offered at once", "offered" if offered else "not offered", offered)


CASES = [an_empty_market, a_rich_market, called_off_for_nothing, one_account_counts_little, the_dry_run_is_what_publishing_does]
