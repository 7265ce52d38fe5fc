-- Pictures of chats and of the board.
-- SQLite cannot change a constraint: the table is made anew under its name.
CREATE TABLE new_files (
    id         BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,
    owner      BLOB NOT NULL REFERENCES users (id),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    request_id BLOB,
    CONSTRAINT files_kind_known CHECK (
        kind IN ('avatar', 'document', 'pickup_photo', 'chat_picture', 'post_picture')
    ),
    CONSTRAINT files_media_type_known CHECK (media_type IN ('image/jpeg', 'application/pdf')),
    CONSTRAINT files_photo_of_a_request CHECK ((request_id IS NULL) = (kind <> 'pickup_photo'))
) STRICT, WITHOUT ROWID;
INSERT INTO new_files (id, kind, owner, media_type, size_bytes, created_at, request_id)
    SELECT id, kind, owner, media_type, size_bytes, created_at, request_id FROM files;
DROP TABLE files;
ALTER TABLE new_files RENAME TO files;
CREATE INDEX files_of_owner ON files (owner);
CREATE UNIQUE INDEX files_one_avatar ON files (owner) WHERE kind = 'avatar';
CREATE INDEX files_by_kind ON files (kind, created_at);
CREATE UNIQUE INDEX files_one_photo ON files (request_id) WHERE request_id IS NOT NULL;
