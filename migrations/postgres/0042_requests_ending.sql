-- no-transaction
-- Requests between people end, too: when the courier would set off. In place of requests_expiring, which a later release drops.
CREATE INDEX CONCURRENTLY requests_ending ON requests (COALESCE(expires_at, pickup_at)) WHERE state = 'pending';
