"""The rule by which a place gets its Russian name: told in README.md.

GeoNames lists names in many languages without saying which is which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

RUSSIAN_NAME = re.compile(r"[А-ЯЁ][А-ЯЁа-яё]*(?:[ -][А-ЯЁа-яё]+)*(?:-\d+)?")

# How a Russian letter is usually spelt in the Latin names GeoNames prefers.
LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
    "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch",
    "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip

# Spellings of one sound, brought to one form on both sides of a comparison.
# Order matters: longer spellings go first.
SAME_SOUND = [
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("kh", "h"), ("zh", "j"), ("dj", "j"),
    ("dzh", "j"), ("ph", "f"), ("th", "t"), ("ts", "c"), ("tz", "c"), ("ck", "k"),
    ("qu", "kv"), ("q", "k"), ("x", "ks"), ("w", "v"), ("ou", "u"), ("oo", "u"),
    ("ee", "i"), ("ng", "n"), ("gh", "g"),
]  # fmt: skip

VOWELS = frozenset("aeiouy")

# A spelling that other languages leave beside the Russian one: what stands
# before it (Mari, Kyrgyz, Mongolian, Kazakh words for "city") is the Russian name.
CITY_WORDS = ("ош", "шаары", "хот", "кала", "каласы", "ола", "балһсн", "город")

UKRAINIAN_ENDING = re.compile(r"(?<![нлт])ьк(?!ов|ин)|ця\b|жя\b")

# What Russian spelling of a foreign name does not allow or hardly ever has, and the cost.
FOREIGN_SPELLINGS = [
    (re.compile(spelling), cost)
    for spelling, cost in [
        (r"[жшчщ][ыэюя]", 1.5),  # Belarusian
        (r"шч", 1.5),  # Belarusian
        (r"[гкх][ыэ]", 0.6),  # Belarusian
        (r"(?:ры|эр|ыя)(?!м)", 0.2),  # Belarusian
        (r"ыя", 1.0),  # Belarusian
        (r"ц[юя]", 1.0),  # Ukrainian
        (r"(?:с|ц|дз|з)ьк", 2.0),  # Ukrainian
        (r"(?:ць|дзь)", 2.0),  # Belarusian
        (r"дз[еёюя]", 0.4),  # Belarusian
        (r"[бвдзклмнпрстфц]э", 0.3),  # Belarusian
        (r"ъ(?![еёюя])", 3.0),  # Bulgarian, Russian of before 1918
        (r"[бвгджзкмпрстфхцчшщ]ьо", 1.0),  # Bulgarian, Ukrainian
        (r"ьйо|[иуаое]йа|йу|ьйе", 1.5),  # Bulgarian, Serbian
        (r"йо", 0.25),  # Bulgarian, Ukrainian
        (r"(?<!и)иа\b|ио\b", 0.4),  # Serbian
        (r"уе", 0.5),  # Ukrainian, Serbian
        (r"([аоуэыи])\1", 0.3),  # Mongolian, Kyrgyz
        (r"[бвгджзклмнпрстфхцчшщ]й", 2.0),
        (r"\bсао\b", 2.0),  # Serbian
        (r"[иы]й[иеёя]?[тнч]", 0.5),  # Bulgarian
        (r"тс(?!к)", 0.4),  # Bulgarian, Serbian
        (r"[аеоу]и\b|ао\b", 0.5),  # Bulgarian, Serbian
        (r"\bоу", 1.0),
        (r"[аеёиоуыэюя]ь", 3.0),
    ]
]
# Marks that Serbian and Bulgarian do without.
RUSSIAN_MARKS = [
    (re.compile(mark), worth)
    for mark, worth in [
        (r"ь(?!о)", 0.5),
        (r"ьо", 0.3),
        (r"\bэ", 0.4),
        (r"уэ|иэ", 0.4),
        (r"([бвдзклмнпрстф])\1", 0.6),
        (r"[аеоуи]й", 0.15),
        (r"ья\b|ия\b", 0.3),
        (r"-", 0.5),
        (r"ё", 0.2),
    ]
]

SLAVIC_SPEAKING = frozenset("RU BY UA".split())
TURKIC_SPEAKING = frozenset("TR KZ KG UZ TM AZ".split())
ENGLISH_SPEAKING = frozenset("US GB CA AU NZ ZA IE".split())
PORTUGUESE_SPEAKING = frozenset("BR PT AO MZ".split())

# The farthest a Russian name may sound from the Latin one, per Latin letter.
FARTHEST = 0.5


def bare(text: str) -> str:
    """Lower-case Latin letters of a name, without marks, hyphens and spaces."""
    text = text.translate(
        str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ß": "s", "æ": "e", "ə": "a"})
    )
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return re.sub("[^a-z]", "", decomposed)


def sounded(latin: str) -> str:
    for spelling, sound in SAME_SOUND:
        latin = latin.replace(spelling, sound)
    return re.sub(r"(.)\1", r"\1", latin)


def in_latin(russian: str) -> str:
    lowered = russian.lower().replace("ё", "е")
    lowered = re.sub(r"\bе", "йе", lowered)
    return "".join(LATIN.get(letter, "") for letter in lowered)


def step(one: str, other: str) -> float:
    """Cost of hearing one letter for another."""
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return 0.45
    if {one, other} in (
        {"c", "k"},
        {"c", "s"},
        {"s", "z"},
        {"j", "y"},
        {"g", "h"},
        {"v", "u"},
        {"j", "g"},
        {"j", "h"},
        {"c", "h"},
        {"j", "d"},
        {"b", "v"},
    ):
        return 0.5
    return 1.0


def distance(one: str, other: str) -> float:
    def alone(letter: str) -> float:
        return 0.4 if letter in VOWELS else 0.5 if letter == "h" else 0.8

    row = [0.0]
    for letter in other:
        row.append(row[-1] + alone(letter))
    for letter in one:
        previous, row = row, [row[0] + alone(letter)]
        for column, against in enumerate(other):
            row.append(
                min(
                    previous[column] + step(letter, against),
                    previous[column + 1] + alone(letter),
                    row[column] + alone(against),
                )
            )
    return row[-1]


def far(latin: str, russian: str) -> float:
    return distance(sounded(bare(latin)), sounded(in_latin(russian)))


def score(latin: str, russian: str, country: str, evidence: dict[str, int]) -> float:
    """Lower is more plausible."""
    lowered = russian.lower()
    if country in EXPECTED:
        return distance(EXPECTED[country](bare(latin)), lowered)
    cost = far(latin, russian)
    cost += sum(price * len(spelling.findall(lowered)) for spelling, price in FOREIGN_SPELLINGS)
    cost -= sum(worth for mark, worth in RUSSIAN_MARKS if mark.search(lowered))
    cost -= 0.8 * min(2, evidence.get(lowered, 0))
    cost += 0.5 * abs(len(re.split("[ -]", latin)) - len(re.split("[ -]", russian)))
    cost += customs(bare(latin), lowered, country)
    if country in LETTER_BY_LETTER and spelt(in_latin(russian)) == spelt(bare(latin)):
        cost -= EXACT
    return cost


# Where GeoNames' Latin name is the Russian one, letter by letter: it decides what the letters say.
LETTER_BY_LETTER = frozenset(["RU"])
EXACT = 3.0

# Ways to write one Russian letter in Latin, brought to one form.
SAME_LETTER = [
    ("shch", "sch"), ("tch", "ch"), ("ya", "ja"), ("yu", "ju"), ("ia", "ja"), ("iu", "ju"), ("yo", "e"),
    ("io", "e"), ("ye", "e"), ("iy", "y"), ("ij", "y"), ("ii", "y"), ("yy", "y"), ("kh", "h"), ("ts", "c"),
    ("tz", "c"), ("ej", "ey"), ("aj", "ay"), ("oj", "oy"), ("uj", "uy"),
]  # fmt: skip


def spelt(latin: str) -> str:
    """Latin letters of a Russian name in the one way of writing each letter; e for ё, which many leave out."""
    for way, form in SAME_LETTER:
        latin = latin.replace(way, form)
    return re.sub(r"(.)\1", r"\1", re.sub(r"i$", "y", latin))


PINYIN_INITIALS = {
    "zh": "чж", "ch": "ч", "sh": "ш", "b": "б", "p": "п", "m": "м", "f": "ф", "d": "д",
    "t": "т", "n": "н", "l": "л", "g": "г", "k": "к", "h": "х", "j": "цз", "q": "ц",
    "x": "с", "r": "ж", "z": "цз", "c": "ц", "s": "с", "w": "в", "y": "", "": "",
}  # fmt: skip
PINYIN_FINALS = {
    "iang": "ян", "iong": "юн", "uang": "уан", "ang": "ан", "eng": "эн", "ing": "ин",
    "ong": "ун", "ian": "янь", "iao": "яо", "uai": "уай", "uan": "уань", "ai": "ай",
    "an": "ань", "ao": "ао", "ei": "эй", "en": "энь", "er": "эр", "ia": "я", "ie": "е",
    "in": "инь", "iu": "ю", "ou": "оу", "ua": "уа", "ui": "уй", "un": "унь", "uo": "о",
    "ue": "юэ", "a": "а", "e": "э", "i": "и", "o": "о", "u": "у",
}  # fmt: skip
PINYIN_SYLLABLE = re.compile(f"({'|'.join(PINYIN_INITIALS)})({'|'.join(PINYIN_FINALS)})(?![aeiou])")


def palladius(latin: str) -> str:
    """The Russian spelling of a Chinese name, to compare candidates with."""

    def syllable(found: re.Match[str]) -> str:
        initial, final = found.groups()
        russian = PINYIN_FINALS[final]
        if initial == "y":
            russian = {
                "ань": "янь",
                "ан": "ян",
                "а": "я",
                "ао": "яо",
                "у": "юй",
                "уань": "юань",
                "унь": "юнь",
                "оу": "ю",
                "ун": "юн",
                "э": "е",
            }.get(russian, russian)
        if initial == "w":
            return {"у": "у", "о": "во", "энь": "вэнь", "эй": "вэй"}.get(russian, "в" + russian)
        if initial in ("j", "q", "x"):
            russian = {"у": "юй", "уань": "юань", "унь": "юнь"}.get(russian, russian)
        if initial in ("zh", "ch", "sh", "r", "z", "c", "s") and russian == "и":
            russian = "ы" if initial in ("z", "c", "s") else "и"
        if initial == "h" and russian == "уй":
            return "хуэй"
        return PINYIN_INITIALS[initial] + russian

    return PINYIN_SYLLABLE.sub(syllable, latin)


def polivanov(latin: str) -> str:
    """The Russian spelling of a Japanese name, to compare candidates with."""
    for spelling, russian in POLIVANOV:
        latin = re.sub(spelling, russian, latin)
    return latin


POLIVANOV = [
    ("tch", "тт"), ("sh(?=[auo])", "с!"), ("ch(?=[auo])", "т!"), ("j(?=[auo])", "дз!"),
    ("shi", "си"), ("chi", "ти"), ("ji", "дзи"), ("tsu", "цу"), ("(?<=[aeiou])i", "й"),
    ("n(?=[bpm])", "м"), ("ya|!a", "я"), ("yu|!u", "ю"), ("yo|!o", "ё"), ("z", "дз"),
    ("a", "а"), ("i", "и"), ("u", "у"), ("e", "э"), ("o", "о"), ("k", "к"), ("s", "с"),
    ("t", "т"), ("n", "н"), ("h", "х"), ("f", "ф"), ("m", "м"), ("r", "р"), ("w", "в"),
    ("g", "г"), ("d", "д"), ("b", "б"), ("p", "п"), ("^э", "э"), ("(?<=[а-яё])э", "е"),
]  # fmt: skip

EXPECTED = {"CN": palladius, "TW": palladius, "JP": polivanov}


def customs(latin: str, lowered: str, country: str) -> float:
    """What Russian does with the spellings of some languages."""
    cost = 0.0
    if country in TURKIC_SPEAKING | SLAVIC_SPEAKING:
        cost -= 0.3 * ("ы" in lowered)
    if country in SLAVIC_SPEAKING:
        cost += len(re.findall("[рн]ьск|[стз]цк|[аеиоуя]тск", lowered)) * 0.3
        cost -= 0.8 * bool(re.search("[ыи]й\\b", lowered))
        cost += 0.5 * bool(re.search("[нк]ы\\b", lowered))
    if latin.endswith("a") and lowered[-1] not in "ая":
        cost += 0.8
    if latin.endswith("o") and country in PORTUGUESE_SPEAKING and lowered.endswith("у"):
        cost -= 0.6
    if country in ENGLISH_SPEAKING:
        cost += 0.6 * ("w" in latin and "в" in lowered and "v" not in latin)
        cost += 0.6 * (latin.endswith("land") and lowered.endswith("ланд"))
        cost += 0.6 * (latin.endswith("ville") and not lowered.endswith("вилл"))
    return cost


def evidence_of(alternates: Iterable[str]) -> dict[str, int]:
    """Names other languages quote in their Russian form, with how many do."""
    found: dict[str, int] = {}
    for alternate in alternates:
        words = alternate.lower().split(" ")
        quoted = ""
        if len(words) > 1 and words[-1] in CITY_WORDS:
            quoted = " ".join(words[:-1])
        elif words[-1].endswith("ъ"):
            # Russian spelling of before 1918.
            quoted = " ".join(words)[:-1].replace("і", "и").replace("ѣ", "е").replace("ъ ", " ")
        if quoted:
            found[quoted] = found.get(quoted, 0) + 1
    return found


def candidates_of(alternates: Iterable[str]) -> list[str]:
    alternates = list(alternates)
    names = {
        re.sub("^[Гг]ород ", "", name)
        # Some write the Latin letter in the midst of Cyrillic ones.
        for name in (alternate.replace("ë", "ё").replace("Ë", "Ё") for alternate in alternates)
        if RUSSIAN_NAME.fullmatch(name)
        and not (len(name) > 1 and name.isupper())
        and not any(name.lower().endswith(f" {word}") for word in CITY_WORDS)
        and not UKRAINIAN_ENDING.search(name)
    }
    # "Орел" beside "Орёл" is the same name, less carefully spelt.
    worse = {name.replace("ё", "е") for name in names if "ё" in name}
    # Belarusian has "Брацк" for "Братск", Serbian "Тихоретск" for "Тихорецк". Ukrainian keeps the Russian letter.
    if any("цьк" in alternate for alternate in alternates):
        worse |= {name for name in names if name.replace("тск", "цк") in names and "тск" in name}
    else:
        worse |= {name.replace("тск", "цк") for name in names if "тск" in name}
    return sorted(name for name in names if name not in worse)


def russian_name(latin: str, country: str, alternates: list[str]) -> str | None:
    evidence = evidence_of(alternates)
    limit = FARTHEST * max(3, len(bare(latin)))

    def cost(name: str) -> float:
        return score(latin, name, country, evidence)

    near = [
        name
        for name in candidates_of(alternates)
        if far(latin, name) <= limit or (country in EXPECTED and cost(name) <= limit / 2)
    ]
    return min(near, key=lambda name: (cost(name), name), default=None)
