-- Links that sign an operator in, once; made in the server's shell. 256 random bits need no slow hash.
CREATE TABLE sign_in_links (
    hash       TEXT PRIMARY KEY,
    user_id    UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
