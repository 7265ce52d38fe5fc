-- no-transaction
-- See 0101.
CREATE INDEX CONCURRENTLY requests_responded_by ON requests (courier) WHERE state = 'pending' AND origin = 'courier';
