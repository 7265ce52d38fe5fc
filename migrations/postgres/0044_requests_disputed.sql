-- no-transaction
-- What waits for an operator.
CREATE INDEX CONCURRENTLY requests_disputed ON requests (state_at) WHERE state = 'disputed';
