-- The answer to a call is kept in the transaction of its effect, so no call claims its key beforehand any more.

ALTER TABLE idempotency DROP COLUMN token;
