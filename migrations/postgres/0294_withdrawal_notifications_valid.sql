-- See 0285. It reads the table while others write to it.
ALTER TABLE notifications VALIDATE CONSTRAINT notifications_kind_known;
ALTER TABLE notifications VALIDATE CONSTRAINT notifications_about_something;
ALTER TABLE notifications VALIDATE CONSTRAINT notifications_about_withdrawal;
