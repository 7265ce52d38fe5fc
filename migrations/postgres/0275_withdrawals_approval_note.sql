-- What the first of two operators has written down; `note` is the second one's.
ALTER TABLE withdrawals ADD COLUMN approval_note TEXT;
UPDATE withdrawals SET approval_note = note, note = NULL WHERE state = 'queued' AND approved_at IS NOT NULL;
