-- no-transaction
-- Finds what is to be forgotten. Events come in order of time, so ranges of blocks will do, at next to no cost for writers.
CREATE INDEX CONCURRENTLY events_by_time ON events USING brin (at);
