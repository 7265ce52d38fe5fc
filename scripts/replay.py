#!/usr/bin/env python3
"""Replays what real people and real clients do against a running server, and compares the answers with the right ones.

    scripts/replay.py --url http://127.0.0.1:8080            # every case
    scripts/replay.py --url http://127.0.0.1:8080 --only 2   # those of the second part
    scripts/replay.sh                                        # on servers of its own, on SQLite and on Postgres

Prints a table of cases: what is expected, what came, whether it is right. Ends with 1 if a case is wrong.
The server has to be in development mode, or to have the bot token that is given with --bot-token: people sign in with init
data that is signed here. Each case brings people of its own. Needs nothing but Python's standard library.
"""

import argparse
import sys
import traceback

from replay import developers, flows, journeys, market, people, places
from replay.client import PUBLIC_TEST_TOKEN, Server
from replay.table import Case, print_table

PARTS = [market, journeys, places, people, flows, developers]


def run(server, part):
    """Carries the cases of a part out, one after the other; a case that cannot go on is wrong."""
    done = []
    for function in part.CASES:
        try:
            done.extend(function(server))
        except Exception as error:  # pylint: disable=broad-except
            where = traceback.extract_tb(error.__traceback__)[-1]
            title = (function.__doc__ or function.__name__).strip().splitlines()[0]
            got = f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
            done.append(Case(title, "to be carried out", got, False))
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="where the server is, such as http://127.0.0.1:8080")
    parser.add_argument("--bot-token", default=PUBLIC_TEST_TOKEN, help="signs the people in")
    parser.add_argument("--only", type=int, choices=range(1, len(PARTS) + 1), help="one part only")
    parser.add_argument("--wrong", action="store_true", help="print wrong cases only")
    options = parser.parse_args()
    server = Server(options.url.rstrip("/"), options.bot_token)
    wrong = 0
    for number, part in enumerate(PARTS, 1):
        if options.only in (None, number):
            title = part.__doc__.strip().splitlines()[0]
            wrong += print_table(f"{number}. {title}", run(server, part), options.wrong)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
