-- Standing questions: "tell me when a trip, or a package, appears on my way".
CREATE TABLE subscriptions (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL REFERENCES users (id),
    wanted       TEXT NOT NULL,
    from_place   BIGINT NOT NULL,
    from_lat     DOUBLE PRECISION NOT NULL,
    from_lon     DOUBLE PRECISION NOT NULL,
    to_place     BIGINT NOT NULL,
    to_lat       DOUBLE PRECISION NOT NULL,
    to_lon       DOUBLE PRECISION NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    cancelled_at BIGINT,
    -- Other nodes look for what has changed.
    updated_at   BIGINT NOT NULL,
    CONSTRAINT subscriptions_wanted_known CHECK (wanted IN ('trips', 'packages'))
);

CREATE INDEX subscriptions_live ON subscriptions (id) WHERE cancelled_at IS NULL;
CREATE INDEX subscriptions_of_user ON subscriptions (user_id) WHERE cancelled_at IS NULL;
CREATE INDEX subscriptions_changed ON subscriptions (updated_at);
CREATE INDEX subscriptions_ended ON subscriptions (ends_at);

-- Notifications of what was asked for: about a trip, or about a package.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (
    kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
             'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
             'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched')
);
ALTER TABLE notifications DROP CONSTRAINT notifications_about_something;
ALTER TABLE notifications ADD CONSTRAINT notifications_about_something CHECK (
    kind = 'subscription_matched'
    OR (document_id IS NULL) = (kind <> 'document_reviewed') AND (trip_id IS NULL) = (kind = 'document_reviewed')
);
ALTER TABLE notifications DROP CONSTRAINT notifications_about_package;
ALTER TABLE notifications ADD CONSTRAINT notifications_about_package CHECK (
    CASE WHEN kind = 'subscription_matched' THEN (package_id IS NULL) <> (trip_id IS NULL)
         ELSE (package_id IS NULL) = (kind <> 'new_package_available') END
);
