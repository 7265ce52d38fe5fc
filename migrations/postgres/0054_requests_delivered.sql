-- no-transaction
-- What waits for its sender's word, and is settled without it after a while.
CREATE INDEX CONCURRENTLY requests_delivered ON requests (state_at) WHERE state = 'delivered';
