-- Notifications of what an operator has decided upon money that somebody takes out. Every row keeps the new constraints,
-- being as the old ones wanted it; 0294 looks at the rows without keeping anybody from the table.
ALTER TABLE notifications ADD COLUMN withdrawal_id UUID;
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (
    kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
             'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
             'dispute_resolved', 'new_package_available', 'courier_chosen', 'subscription_matched',
             'order_offered', 'order_given', 'order_courier_found', 'order_courier_on_the_way',
             'order_courier_arrived', 'order_completed', 'order_called_off', 'order_nobody_found',
             'withdrawal_decided')
) NOT VALID;
ALTER TABLE notifications DROP CONSTRAINT notifications_about_something;
ALTER TABLE notifications ADD CONSTRAINT notifications_about_something CHECK (
    CASE WHEN substr(kind, 1, 6) = 'order_' THEN order_id IS NOT NULL AND request_id IS NULL AND trip_id IS NULL
             AND document_id IS NULL AND package_id IS NULL
         WHEN kind = 'withdrawal_decided' THEN request_id IS NULL AND trip_id IS NULL AND document_id IS NULL
             AND order_id IS NULL
         WHEN kind = 'subscription_matched' THEN document_id IS NULL AND order_id IS NULL
         ELSE (document_id IS NULL) = (kind <> 'document_reviewed')
             AND (trip_id IS NULL) = (kind = 'document_reviewed') AND order_id IS NULL END
) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_about_withdrawal CHECK ((withdrawal_id IS NULL) = (kind <> 'withdrawal_decided')) NOT VALID;
