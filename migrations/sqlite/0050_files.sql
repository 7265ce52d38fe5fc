-- What people have uploaded. The row comes after the file and goes before it, so a row always has its file; a file
-- without a row is removed after a while.
CREATE TABLE files (
    id         BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,
    owner      BLOB NOT NULL REFERENCES users (id),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT files_kind_known CHECK (kind IN ('avatar', 'document', 'pickup_photo')),
    CONSTRAINT files_media_type_known CHECK (media_type IN ('image/jpeg', 'application/pdf'))
) STRICT, WITHOUT ROWID;

CREATE INDEX files_of_owner ON files (owner);
CREATE UNIQUE INDEX files_one_avatar ON files (owner) WHERE kind = 'avatar';

-- How much somebody has uploaded within a day, counted before it is looked at.
CREATE TABLE upload_counts (
    user_id BLOB NOT NULL,
    kind    TEXT NOT NULL,
    since   INTEGER NOT NULL,
    uploads INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_counts_by_age ON upload_counts (since);
