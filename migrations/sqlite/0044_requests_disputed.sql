-- What waits for an operator.
CREATE INDEX requests_disputed ON requests (state_at) WHERE state = 'disputed';
