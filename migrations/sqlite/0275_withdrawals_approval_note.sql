-- What the first of two operators has written down; `note` is the second one's.
ALTER TABLE withdrawals ADD COLUMN approval_note TEXT;
