-- What shows who a person is. The file goes a while after the decision, the decision stays.
CREATE TABLE documents (
    id         UUID PRIMARY KEY,
    user_id    UUID NOT NULL REFERENCES users (id),
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    digest     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state      TEXT NOT NULL,
    state_at   BIGINT,
    state_by   UUID,
    reason     TEXT,
    CONSTRAINT documents_state_known CHECK (state IN ('pending', 'approved', 'declined')),
    CONSTRAINT documents_state_dated CHECK (
        (state_at IS NULL) = (state = 'pending') AND (state_by IS NULL) = (state = 'pending')
    ),
    CONSTRAINT documents_reason_given CHECK ((reason IS NULL) = (state <> 'declined'))
);

CREATE INDEX documents_pending ON documents (id) WHERE state = 'pending';
CREATE INDEX documents_of_user ON documents (user_id, id);
-- What is sent again while it waits is the same document.
CREATE UNIQUE INDEX documents_pending_once ON documents (user_id, digest) WHERE state = 'pending';
CREATE INDEX files_by_kind ON files (kind, created_at);

ALTER TABLE users ADD COLUMN verified_at BIGINT;

-- A notification may be about a document, and then it is about no trip.
ALTER TABLE notifications ADD COLUMN document_id UUID;
ALTER TABLE notifications ALTER COLUMN trip_id DROP NOT NULL;
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (
    kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
             'trip_request_received', 'payment_received', 'reminder', 'document_reviewed')
);
ALTER TABLE notifications ADD CONSTRAINT notifications_about_something CHECK (
    (document_id IS NULL) = (kind <> 'document_reviewed') AND (trip_id IS NULL) = (kind = 'document_reviewed')
);
