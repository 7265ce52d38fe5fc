-- Whoever is shut out and still has something in the market.
CREATE INDEX users_blocked ON users (blocked_at) WHERE blocked_at IS NOT NULL;
