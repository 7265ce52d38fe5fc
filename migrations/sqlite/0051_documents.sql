-- What shows who a person is. The file goes a while after the decision, the decision stays.
CREATE TABLE documents (
    id         BLOB PRIMARY KEY,
    user_id    BLOB NOT NULL REFERENCES users (id),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    digest     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state      TEXT NOT NULL,
    state_at   INTEGER,
    state_by   BLOB,
    reason     TEXT,
    CONSTRAINT documents_state_known CHECK (state IN ('pending', 'approved', 'declined')),
    CONSTRAINT documents_state_dated CHECK (
        (state_at IS NULL) = (state = 'pending') AND (state_by IS NULL) = (state = 'pending')
    ),
    CONSTRAINT documents_reason_given CHECK ((reason IS NULL) = (state <> 'declined'))
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_pending ON documents (id) WHERE state = 'pending';
CREATE INDEX documents_of_user ON documents (user_id, id);
-- What is sent again while it waits is the same document.
CREATE UNIQUE INDEX documents_pending_once ON documents (user_id, digest) WHERE state = 'pending';
CREATE INDEX files_by_kind ON files (kind, created_at);

ALTER TABLE users ADD COLUMN verified_at INTEGER;

-- A notification may be about a document, and then it is about no trip.
-- SQLite cannot change a constraint: the table is made anew under its name.
CREATE TABLE new_notifications (
    user_id     BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    request_id  BLOB,
    trip_id     BLOB,
    read_at     INTEGER,
    document_id BLOB,
    PRIMARY KEY (user_id, seq),
    CONSTRAINT notifications_kind_known CHECK (
        kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
                 'trip_request_received', 'payment_received', 'reminder', 'document_reviewed')
    ),
    CONSTRAINT notifications_about_something CHECK (
        (document_id IS NULL) = (kind <> 'document_reviewed') AND (trip_id IS NULL) = (kind = 'document_reviewed')
    )
) STRICT, WITHOUT ROWID;
INSERT INTO new_notifications (user_id, seq, at, kind, request_id, trip_id, read_at)
    SELECT user_id, seq, at, kind, request_id, trip_id, read_at FROM notifications;
DROP TABLE notifications;
ALTER TABLE new_notifications RENAME TO notifications;
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
