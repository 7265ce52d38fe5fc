-- What people put up for everybody. A post that is gone keeps its row, so that every node learns of it.
CREATE TABLE posts (
    id         UUID PRIMARY KEY,
    author     UUID NOT NULL REFERENCES users (id),
    content    TEXT NOT NULL,
    from_place BIGINT,
    to_place   BIGINT,
    trip_id    UUID,
    package_id UUID,
    picture    UUID,
    state      TEXT NOT NULL,
    -- Why an operator has taken it down, and who.
    reason     TEXT,
    hidden_by  UUID,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT posts_state_known CHECK (state IN ('shown', 'hidden', 'deleted')),
    CONSTRAINT posts_reason_given CHECK ((reason IS NULL) = (state <> 'hidden')),
    CONSTRAINT posts_tied_once CHECK (trip_id IS NULL OR package_id IS NULL)
);

CREATE INDEX posts_shown ON posts (id) WHERE state = 'shown';
CREATE INDEX posts_of_author ON posts (author, id);
CREATE INDEX posts_changed ON posts (updated_at, id);
CREATE UNIQUE INDEX posts_picture_once ON posts (picture) WHERE picture IS NOT NULL;

-- Who finds that a post should not stand there, and why: once each.
CREATE TABLE post_reports (
    post_id    UUID NOT NULL REFERENCES posts (id),
    reporter   UUID NOT NULL,
    reason     TEXT NOT NULL,
    -- What it said then.
    evidence   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    PRIMARY KEY (post_id, reporter)
);

CREATE INDEX post_reports_open ON post_reports (post_id) WHERE decided_at IS NULL;
