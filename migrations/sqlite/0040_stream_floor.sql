-- Events are kept for as long as a client may resume. What is older goes, from the beginning of each stream, and `floor` is
-- the number of the last event that went: a stream has no gaps above it, and whoever asks for less is told `too_old`.
ALTER TABLE streams ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
