-- What people can be found by: words of their name and username, in lower case; and what they say about themselves.
ALTER TABLE users ADD COLUMN bio TEXT;
-- A username of one's own. Without one it follows from the id.
ALTER TABLE users ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX users_by_handle ON users (handle) WHERE handle IS NOT NULL;
-- When the words below were written down; people who have changed since are looked at again.
ALTER TABLE users ADD COLUMN indexed_at INTEGER;

CREATE TABLE user_words (
    word    TEXT NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (word, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_words_of_user ON user_words (user_id);

-- What somebody who registers with a phone wants to be called, until the code comes back.
CREATE TABLE registrations (
    phone      TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX registrations_by_age ON registrations (created_at);
