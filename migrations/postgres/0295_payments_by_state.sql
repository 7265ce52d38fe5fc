-- no-transaction
-- Operators look for payments in a state, most of which are rare.
CREATE INDEX CONCURRENTLY payments_by_state ON payments (state, id);
