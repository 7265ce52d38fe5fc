-- How the books agreed with the list of a provider when that was last looked at. What does not agree keeps money from
-- going out until it does.
CREATE TABLE reconciliations (
    method      TEXT PRIMARY KEY,
    at          INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    compared    INTEGER NOT NULL,
    differences INTEGER NOT NULL,
    -- The first of them, as a JSON list of texts.
    examples    TEXT NOT NULL
) STRICT;
