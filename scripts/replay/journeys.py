"""Times as tickets print them"""

import datetime
import itertools

from .table import equal, holds

# Zones as of 2026 and 2027, hours east of Greenwich.
ZONES = {"Владивосток": 10, "Москва": 3, "Калининград": 2, "Екатеринбург": 5, "Новосибирск": 7, "Иркутск": 8,
         "Дели": 5.5, "Дубай": 4, "Самара": 4, "Хабаровск": 10, "Петропавловск-Камчатский": 12, "Магадан": 11,
         "Якутск": 9, "Омск": 6, "Красноярск": 7, "Алматы": 5, "Ташкент": 5, "Тбилиси": 4, "Ереван": 4, "Стамбул": 3}

# From, to, how, departure and arrival as tickets print them, and how many days later the ticket's arrival is.
JOURNEYS = [
    ("Владивосток", "Москва", "plane", "10:05", "11:40", 0),
    ("Москва", "Владивосток", "plane", "19:40", "10:55", 1),
    ("Москва", "Калининград", "plane", "09:00", "10:05", 0),
    ("Калининград", "Москва", "plane", "11:00", "14:00", 0),
    ("Москва", "Владивосток", "train", "13:20", "18:05", 6),
    ("Москва", "Екатеринбург", "plane", "10:00", "14:20", 0),
    ("Екатеринбург", "Москва", "plane", "07:00", "07:30", 0),
    ("Москва", "Новосибирск", "train", "13:10", "16:40", 2),
    ("Хабаровск", "Москва", "plane", "14:00", "15:30", 0),
    ("Москва", "Петропавловск-Камчатский", "plane", "16:30", "10:05", 1),
    ("Петропавловск-Камчатский", "Москва", "plane", "11:40", "11:35", 0),
    ("Магадан", "Новосибирск", "plane", "09:00", "09:30", 0),
    ("Якутск", "Москва", "plane", "09:00", "10:00", 0),
    ("Москва", "Дели", "plane", "20:30", "05:15", 1),
    ("Дели", "Москва", "plane", "06:45", "11:00", 0),
    ("Москва", "Дубай", "plane", "00:30", "06:40", 0),
    ("Москва", "Самара", "car", "08:00", "22:00", 0),
    ("Москва", "Тбилиси", "plane", "10:00", "13:40", 0),
    ("Ереван", "Москва", "plane", "23:30", "01:30", 1),
    ("Омск", "Красноярск", "train", "20:00", "18:00", 1),
]

_days = itertools.count(20)


def instant(date, clock, zone):
    """A local time as an instant, `YYYY-MM-DDTHH:MM`."""
    local = datetime.datetime.fromisoformat(f"{date}T{clock}")
    return (local - datetime.timedelta(hours=zone)).strftime("%Y-%m-%dT%H:%M")


def later(date, days):
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days=days)).isoformat()


def shown(server, answer):
    """The trip that was published, as it is shown."""
    return server.get(f"/api/trips/{answer['trip_id']}") if answer.status == 201 else answer


def times(trip):
    return (str(trip["departs_at"])[:16], str(trip["arrives_at"])[:16], trip["arrival_date"])


def tickets(server):
    """An arrival is a clock time at the destination, on the most plausible day"""
    ivan = server.sign_in("Иван")
    for origin, destination, transport, departs, arrives, days in JOURNEYS:
        date = server.day(next(_days))
        answer = ivan.trip(origin, destination, date=date, time=f"{departs} → {arrives}", transportType=transport)
        there = later(date, days)
        expected = (instant(date, departs, ZONES[origin]), instant(there, arrives, ZONES[destination]), there)
        trip = shown(ivan, answer)
        got = times(trip) if trip.status == 200 else trip
        yield equal(f"{origin} → {destination} {transport} {departs} → {arrives}", expected, got)


def printed_otherwise(server):
    """Dates and times as people write them"""
    ivan = server.sign_in("Иван")
    spellings = [
        ({"time": "09.30"}, "09:30", None), ({"time": "0930"}, "09:30", None), ({"time": "9:30"}, "09:30", None),
        ({"time": "09:30-12:45", "transportType": "plane"}, "09:30", 0), ({"time": "09:30 → 08:45 (+1)"}, "09:30", 1),
        ({"time": "09:30 → 08:45", "arrival_date": 1}, "09:30", 1),
    ]
    for more, departs, days in spellings:
        date = server.day(next(_days))
        if "arrival_date" in more:
            more = {**more, "arrival_date": later(date, 1)}
        trip = shown(ivan, ivan.trip("Москва", "Самара", date=date, **{"transportType": "car", **more}))
        got = str(trip["departs_at"])[:16] if trip.status == 200 else trip
        yield equal(f"{more}", instant(date, departs, 3), got)
        if days is not None:
            yield equal("its arrival", later(date, days), trip["arrival_date"])
    date = server.day(next(_days))
    written = datetime.date.fromisoformat(date).strftime("%d.%m.%Y")
    trip = shown(ivan, ivan.trip("Москва", "Самара", date=written, time="09:30"))
    yield equal(f"the date {written}", date, trip["date"])
    refused = ivan.trip("Москва", "Самара", date=date, time="утром")
    yield equal("nonsense is refused, and named", (422, ["time"]), (refused.status, refused.fields()))


def views_say_instants(server):
    """Every view says instants and zones beside the printed form"""
    ivan = server.sign_in("Иван")
    date = server.day(next(_days))
    trip = ivan.trip("Владивосток", "Москва", date=date, time="10:05 → 11:40", transportType="plane")["trip_id"]
    listed = [one for one in ivan.get("/api/user/trips")["trips"] if one["id"] == trip]
    path = f"/api/couriers?from=Владивосток&to=Москва&date_from={date}&date_to={date}"
    found = [one for one in server.get(path)["couriers"] if one["id"] == trip]
    for name, views in [("the search", found), ("one's trips", listed)]:
        view = views[0] if views else {}
        got = [view.get(field) for field in ("time", "from_tz", "to_tz", "arrival_date")]
        yield equal(name, ["10:05 → 11:40", "Asia/Vladivostok", "Europe/Moscow", date], got)


def days_of_the_origin(server):
    """date_from and date_to mean the origin's days"""
    ivan = server.sign_in("Иван")
    date = server.day(next(_days))
    early = ivan.trip("Владивосток", "Хабаровск", date=date, time="00:30", transportType="train")["trip_id"]
    late = ivan.trip("Владивосток", "Хабаровск", date=date, time="23:30", transportType="train")["trip_id"]
    for query in ["from=Владивосток&to=Хабаровск", "from=Владивосток", "to=Хабаровск"]:
        found = server.get(f"/api/couriers?{query}&date_from={date}&date_to={date}")["couriers"] or []
        got = {one["id"] for one in found} & {early, late}
        yield equal(query, {early, late}, got)


def clock_changes(server):
    """A local time that a clock change skips, and one that comes twice"""
    ivan = server.sign_in("Иван")
    refused = ivan.trip("Берлин", "Гамбург", date="2027-03-28", time="02:30", transportType="train")
    yield holds("Berlin, 2027-03-28 02:30 does not exist", "422 with a sentence", refused,
                refused.status == 422 and "time" in refused.fields())
    # In Sydney clocks go back on 2027-04-04 at 03:00: the first 02:30 is that of summer, eleven hours east.
    trip = shown(ivan, ivan.trip("Сидней", "Мельбурн", date="2027-04-04", time="02:30", transportType="train"))
    got = str(trip["departs_at"])[:16] if trip.status == 200 else trip
    yield equal("Sydney, 2027-04-04 02:30 comes twice: the first", "2027-04-03T15:30", got)


CASES = [tickets, printed_otherwise, views_say_instants, days_of_the_origin, clock_changes]
