-- Finds what is to be forgotten.
CREATE INDEX events_by_time ON events (at);
