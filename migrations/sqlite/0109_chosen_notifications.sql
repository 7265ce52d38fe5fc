-- Notifications of couriers that they were chosen.
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
    package_id  BLOB,
    PRIMARY KEY (user_id, seq),
    CONSTRAINT notifications_kind_known CHECK (
        kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
                 'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
                 'dispute_resolved', 'new_package_available', 'courier_chosen')
    ),
    CONSTRAINT notifications_about_something CHECK (
        (document_id IS NULL) = (kind <> 'document_reviewed') AND (trip_id IS NULL) = (kind = 'document_reviewed')
    ),
    CONSTRAINT notifications_about_package CHECK (
        (package_id IS NULL) = (kind <> 'new_package_available')
    )
) STRICT, WITHOUT ROWID;
INSERT INTO new_notifications (user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id)
    SELECT user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id FROM notifications;
DROP TABLE notifications;
ALTER TABLE new_notifications RENAME TO notifications;
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
