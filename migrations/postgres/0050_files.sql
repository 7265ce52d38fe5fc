-- What people have uploaded. The row comes after the file and goes before it, so a row always has its file; a file
-- without a row is removed after a while.
CREATE TABLE files (
    id         UUID PRIMARY KEY,
    kind       TEXT NOT NULL,
    owner      UUID NOT NULL REFERENCES users (id),
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT files_kind_known CHECK (kind IN ('avatar', 'document', 'pickup_photo')),
    CONSTRAINT files_media_type_known CHECK (media_type IN ('image/jpeg', 'application/pdf'))
);

CREATE INDEX files_of_owner ON files (owner);
CREATE UNIQUE INDEX files_one_avatar ON files (owner) WHERE kind = 'avatar';

-- How much somebody has uploaded within a day, counted before it is looked at.
CREATE TABLE upload_counts (
    user_id UUID NOT NULL,
    kind    TEXT NOT NULL,
    since   BIGINT NOT NULL,
    uploads BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind)
);

CREATE INDEX upload_counts_by_age ON upload_counts (since);
