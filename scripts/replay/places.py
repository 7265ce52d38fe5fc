"""A name is not a place"""

from .table import equal, holds


def suggested(server, text):
    """The places that are suggested for a text."""
    return server.get(f"/api/cities?q={text}")["places"] or []


def names(places):
    return [one["name_ru"] for one in places]


def found_by(server, trip, origin, destination):
    answer = server.get(f"/api/couriers?from={origin}&to={destination}")
    return trip in [one["id"] for one in answer["couriers"] or []], answer


def by_the_other_end(server):
    """A name that means several places is resolved by the other end, or refused with the candidates"""
    ivan, anna = server.sign_in("Иван"), server.sign_in("Анна")
    trip = ivan.trip("Красноярск", "Железногорск", transportType="car")
    near = {"from": "Красноярск", "to": "Железногорск", "description": "Книги", "reward": 500,
            "dropoff": {"lat": 56.25, "lon": 93.53}}
    package = anna.post("/api/packages", near)
    yield equal("a car from Красноярск to Железногорск", 201, trip.status)
    yield holds("means the near one", "its point, near Krasnoyarsk, is taken", package, package.status == 201)
    ambiguous = ivan.trip("Новосибирск", "Железногорск", transportType="plane")
    is_clear = ambiguous.status in (201, 422)
    yield holds("with another end it is clear, or refused as ambiguous", "201, or 422 with candidates", ambiguous, is_clear)
    both = suggested(server, "Железногорск")
    regions = {one.get("region") for one in both if one["name_ru"] == "Железногорск"}
    yield holds("suggestions tell the two apart by region", "two regions", regions, len(regions - {None, ""}) >= 2)
    far = anna.package("Москва", "Казань", pickup={"lat": 59.93, "lon": 30.31})
    yield equal("a point far from its place", (422, ["pickup"]), (far.status, far.fields()))
    for name in ["Луга"]:
        first = (suggested(server, name) or [{}])[0]
        yield equal(f"{name} is at home", "RU", first.get("country"))


def by_id_and_region(server):
    """An end is a name, an id, or a name with a region or country"""
    ivan = server.sign_in("Иван")
    place = suggested(server, "Казань")[0]
    ends = [{"place_id": place["id"]}, {"name": "Казань", "country": "RU"}, {"name": "Казань", "region": "Татарстан"},
            "Казань, Россия", "город Казань", "г. Казань", "Казань, Татарстан"]
    for end in ends:
        answer = ivan.trip("Москва", end)
        shown = ivan.get(f"/api/trips/{answer['trip_id']}")["to"] if answer.status == 201 else answer
        yield holds(str(end), "Казань", shown, "Казань" in str(shown) and answer.status == 201)
    answer = ivan.trip("Москва", "Киров, Калужская область")
    shown = ivan.get(f"/api/trips/{answer['trip_id']}") if answer.status == 201 else answer
    yield equal("Киров, Калужская область", 201, answer.status)
    far = ivan.get(f"/api/couriers?from=Калуга&to=Киров, Калужская область")
    yield holds("and is another one than Киров", "200", far.status, far.status == 200 and shown.status == 200)


def airports_and_districts(server):
    """Airports and districts resolve, and belong to their city"""
    ivan, oleg = server.sign_in("Иван"), server.sign_in("Олег")
    for name in ["SVO", "Шереметьево", "Внуково", "DXB", "Химки", "Чертаново", "Адлер"]:
        answer = ivan.trip("Нижний Новгород", name, transportType="car" if name != "DXB" else "plane")
        yield equal(name, 201, answer.status)
    trip = ivan.trip("Внуково", "Сочи", transportType="plane")["trip_id"]
    is_found, answer = found_by(server, trip, "Москва", "Сочи")
    yield holds("a trip from Внуково is found by who sends from Москва", trip, answer, is_found)
    trip = oleg.trip("Москва", "Сочи", transportType="plane")["trip_id"]
    is_found, answer = found_by(server, trip, "Внуково", "Сочи")
    yield holds("and the other way round", trip, answer, is_found)


def suggestions(server):
    """Suggestions forgive typos, the wrong layout and other alphabets"""
    table = [("Масква", "Москва"), ("Vjcrdf", "Москва"), ("Ntkfdb", None), ("თბილისი", "Тбилиси"), ("Երևան", "Ереван"),
             ("دبي", "Дубай"), ("Алматы", "Алматы"), ("Нур-Султан", None), ("Санк-Петербург", "Санкт-Петербург")]
    for text, expected in table:
        if expected:
            found = names(suggested(server, text))
            yield holds(text, expected, found[:3], expected in found[:3])
    first = names(suggested(server, "Омск"))[:1]
    yield equal("exact names come first", ["Омск"], first)
    home = (server.get("/api/cities")["places"] or [{}])[:5]
    countries = [one.get("country") for one in home]
    yield holds("without a query the list begins at home", "RU first", countries, countries[0] == "RU")
    fields = set(home[0])
    yield holds("with region and country", "region, country", sorted(fields), {"region", "country"} <= fields)


def small_and_right(server):
    """Small towns are known, and names are those of the official list"""
    ivan = server.sign_in("Иван")
    for name in ["Суздаль", "Плёс", "Мышкин", "Керчь", "Евпатория", "Саки", "Братск", "Дятьково", "Хотьково", "Чусовой",
                 "Еманжелинск", "Балахна"]:
        answer = ivan.trip("Москва", name, transportType="car", time="06:00")
        shown = ivan.get(f"/api/trips/{answer['trip_id']}")["to"] if answer.status == 201 else answer
        yield equal(name, name, str(shown))


CASES = [by_the_other_end, by_id_and_region, airports_and_districts, suggestions, small_and_right]
