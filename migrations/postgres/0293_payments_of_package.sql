-- no-transaction
-- Operators look for what was paid for a package.
CREATE INDEX CONCURRENTLY payments_of_package ON payments (package_id, id) WHERE package_id IS NOT NULL;
