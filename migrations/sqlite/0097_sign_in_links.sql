-- Links that sign an operator in, once; made in the server's shell. 256 random bits need no slow hash.
CREATE TABLE sign_in_links (
    hash       TEXT PRIMARY KEY,
    user_id    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
