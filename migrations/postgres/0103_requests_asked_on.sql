-- no-transaction
-- See 0101.
CREATE INDEX CONCURRENTLY requests_asked_on ON requests (trip_id) WHERE state = 'pending' AND origin = 'sender';
