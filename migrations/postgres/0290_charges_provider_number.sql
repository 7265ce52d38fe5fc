-- What a charge is called behind its provider: Telegram names the acquirer's number beside its own, and the acquirer's
-- desk and lists know no other.
ALTER TABLE payment_charges ADD COLUMN provider_reference TEXT;
