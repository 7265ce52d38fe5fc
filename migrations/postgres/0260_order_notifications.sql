-- Notifications about orders in town. One about an offer names it, too: its button answers it.
ALTER TABLE notifications ADD COLUMN order_id UUID;
ALTER TABLE notifications ADD COLUMN offer_id UUID;
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (
    kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
             'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
             'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched',
             'order_offered', 'order_given', 'order_courier_found', 'order_courier_on_the_way',
             'order_courier_arrived', 'order_completed', 'order_called_off', 'order_nobody_found')
);
ALTER TABLE notifications DROP CONSTRAINT notifications_about_something;
ALTER TABLE notifications ADD CONSTRAINT notifications_about_something CHECK (
    CASE WHEN substr(kind, 1, 6) = 'order_' THEN order_id IS NOT NULL AND request_id IS NULL AND trip_id IS NULL
             AND document_id IS NULL AND package_id IS NULL
         WHEN kind = 'subscription_matched' THEN document_id IS NULL AND order_id IS NULL
         ELSE (document_id IS NULL) = (kind <> 'document_reviewed')
             AND (trip_id IS NULL) = (kind = 'document_reviewed') AND order_id IS NULL END
);
ALTER TABLE notifications ADD CONSTRAINT notifications_about_offer CHECK ((offer_id IS NULL) = (kind <> 'order_offered'));
