-- no-transaction
-- See 0290. Not unique: the numbers are somebody else's, and a charge is known by its own.
CREATE INDEX CONCURRENTLY payment_charges_by_provider ON payment_charges (method, provider_reference) WHERE provider_reference IS NOT NULL;
