-- How the books agreed with the list of a provider when that was last looked at. What does not agree keeps money from
-- going out until it does.
CREATE TABLE reconciliations (
    method      TEXT PRIMARY KEY,
    at          BIGINT NOT NULL,
    since       BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    compared    BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    -- The first of them, as a JSON list of texts.
    examples    TEXT NOT NULL
);
