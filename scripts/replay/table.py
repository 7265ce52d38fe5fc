"""Cases, and how they are printed."""

from dataclasses import dataclass

# How much of a value one line shows.
WIDTH = 76


@dataclass
class Case:
    """Something that was tried."""

    title: str
    expected: str
    got: str
    is_right: bool


def equal(title, expected, got):
    """The case that something is just so."""
    return Case(title, str(expected), str(got), expected == got)


def holds(title, expected, got, is_right):
    """The case that something is so, in words."""
    return Case(title, str(expected), str(got), bool(is_right))


def cut(text):
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def print_table(title, cases, only_wrong):
    """Prints one part; answers how many of its cases are wrong."""
    wrong = sum(not case.is_right for case in cases)
    print(f"\n## {title}: {len(cases) - wrong} of {len(cases)} right\n")
    print("| case | expected | got | ok |\n| --- | --- | --- | --- |")
    for case in cases:
        if not (only_wrong and case.is_right):
            cells = [case.title, case.expected, case.got]
            cells = [cut(cell).replace("|", "\\|") for cell in cells]
            print(f"| {' | '.join(cells)} | {'yes' if case.is_right else 'NO'} |")
    return wrong
