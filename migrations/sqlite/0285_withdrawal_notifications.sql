-- Notifications of what an operator has decided upon money that somebody takes out.
-- SQLite cannot change a constraint: the table is made anew under its name.
CREATE TABLE new_notifications (
    user_id       BLOB NOT NULL,
    seq           INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    request_id    BLOB,
    trip_id       BLOB,
    read_at       INTEGER,
    document_id   BLOB,
    package_id    BLOB,
    order_id      BLOB,
    offer_id      BLOB,
    withdrawal_id BLOB,
    PRIMARY KEY (user_id, seq),
    CONSTRAINT notifications_kind_known CHECK (
        kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
                 'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
                 'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched',
                 'order_offered', 'order_given', 'order_courier_found', 'order_courier_on_the_way',
                 'order_courier_arrived', 'order_completed', 'order_called_off', 'order_nobody_found',
                 'withdrawal_decided')
    ),
    CONSTRAINT notifications_about_something CHECK (
        CASE WHEN substr(kind, 1, 6) = 'order_' THEN order_id IS NOT NULL AND request_id IS NULL AND trip_id IS NULL
                 AND document_id IS NULL AND package_id IS NULL
             WHEN kind = 'withdrawal_decided' THEN request_id IS NULL AND trip_id IS NULL AND document_id IS NULL
                 AND order_id IS NULL
             WHEN kind = 'subscription_matched' THEN document_id IS NULL AND order_id IS NULL
             ELSE (document_id IS NULL) = (kind <> 'document_reviewed')
                 AND (trip_id IS NULL) = (kind = 'document_reviewed') AND order_id IS NULL END
    ),
    CONSTRAINT notifications_about_package CHECK (
        CASE WHEN kind = 'subscription_matched' THEN (package_id IS NULL) <> (trip_id IS NULL)
             ELSE (package_id IS NULL) = (kind <> 'new_package_available') END
    ),
    CONSTRAINT notifications_about_offer CHECK ((offer_id IS NULL) = (kind <> 'order_offered')),
    CONSTRAINT notifications_about_withdrawal CHECK ((withdrawal_id IS NULL) = (kind <> 'withdrawal_decided'))
) STRICT, WITHOUT ROWID;
INSERT INTO new_notifications (user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id, order_id,
                               offer_id)
    SELECT user_id, seq, at, kind, request_id, trip_id, read_at, document_id, package_id, order_id, offer_id
    FROM notifications;
DROP TABLE notifications;
ALTER TABLE new_notifications RENAME TO notifications;
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
