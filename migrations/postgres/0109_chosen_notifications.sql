-- Notifications of couriers that they were chosen.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_known CHECK (
    kind IN ('package_request_response', 'package_request_declined', 'package_delivered', 'new_courier_available',
             'trip_request_received', 'payment_received', 'reminder', 'document_reviewed', 'dispute_opened',
             'dispute_resolved', 'new_package_available', 'courier_chosen')
);
