-- See 0101.
CREATE INDEX requests_responded_by ON requests (courier) WHERE state = 'pending' AND origin = 'courier';
