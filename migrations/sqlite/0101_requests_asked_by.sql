-- What a sender has asked, what a courier has offered and what waits on a trip is counted with each such request. Offers of the
-- engine, which are many, are in none of these.
CREATE INDEX requests_asked_by ON requests (sender) WHERE state = 'pending' AND origin = 'sender';
