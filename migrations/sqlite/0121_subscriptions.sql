-- Standing questions: "tell me when a trip, or a package, appears on my way".
CREATE TABLE subscriptions (
    id           BLOB PRIMARY KEY,
    user_id      BLOB NOT NULL REFERENCES users (id),
    wanted       TEXT NOT NULL,
    from_place   INTEGER NOT NULL,
    from_lat     REAL NOT NULL,
    from_lon     REAL NOT NULL,
    to_place     INTEGER NOT NULL,
    to_lat       REAL NOT NULL,
    to_lon       REAL NOT NULL,
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    cancelled_at INTEGER,
    -- Other nodes look for what has changed.
    updated_at   INTEGER NOT NULL,
    CONSTRAINT subscriptions_wanted_known CHECK (wanted IN ('trips', 'packages'))
) STRICT;

CREATE INDEX subscriptions_live ON subscriptions (id) WHERE cancelled_at IS NULL;
CREATE INDEX subscriptions_of_user ON subscriptions (user_id) WHERE cancelled_at IS NULL;
CREATE INDEX subscriptions_changed ON subscriptions (updated_at);
CREATE INDEX subscriptions_ended ON subscriptions (ends_at);

-- Notifications of what was asked for: about a trip, or about a package.
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
                 'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched')
    ),
    CONSTRAINT notifications_about_something CHECK (
        kind = 'subscription_matched'
        OR (document_id IS NULL) = (kind <> 'document_reviewed') AND (trip_id IS NULL) = (kind = 'document_reviewed')
    ),
    CONSTRAINT notifications_about_package CHECK (
        CASE WHEN kind = 'subscription_matched' THEN (package_id IS NULL) <> (trip_id IS NULL)
             ELSE (package_id IS NULL) = (kind <> 'new_package_available') END
    )
) STRICT, WITHOUT ROWID;
INSERT INTO new_notifications (user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id)
    SELECT user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id FROM notifications;
DROP TABLE notifications;
ALTER TABLE new_notifications RENAME TO notifications;
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
