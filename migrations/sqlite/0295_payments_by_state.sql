-- Operators look for payments in a state, most of which are rare.
CREATE INDEX payments_by_state ON payments (state, id);
