-- What people want to hear from the bot, what waits to be sent, and what has come in.

-- A row for each person whom the bot has been asked about. Who has none, or has not allowed messages, has no rows in the
-- outbox either.
CREATE TABLE bot_settings (
    user_id     UUID PRIMARY KEY REFERENCES users (id),
    -- When the app has asked whether the bot may write.
    asked_at    BIGINT,
    enabled     BIGINT NOT NULL DEFAULT 0,
    -- Kinds of notifications that are off, each between commas.
    kinds_off   TEXT NOT NULL DEFAULT '',
    -- Minutes of the day in the person's zone.
    quiet_from  BIGINT,
    quiet_to    BIGINT,
    zone        TEXT,
    -- Telegram has asked to leave the chat alone until then.
    muted_until BIGINT NOT NULL DEFAULT 0,
    -- When it was found that the person has blocked the bot.
    blocked_at  BIGINT,
    -- The hour that is counted, and how many messages have gone out in it.
    hour_from   BIGINT NOT NULL DEFAULT 0,
    hour_count  BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT bot_settings_quiet_whole CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_from IS NULL) = (zone IS NULL))
);

-- Messages that wait, written in the transaction of their event; and those that somebody has to look at. A row that was
-- sent is gone. `fence` grows with each attempt: who took longer than their lease cannot settle the row any more.
CREATE TABLE outbox (
    user_id     UUID NOT NULL,
    -- The number of the event in the person's stream.
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    class       TEXT NOT NULL,
    -- Whose turn it is first: a small number.
    rank        BIGINT NOT NULL,
    topic       UUID,
    -- When it is worth nothing any more.
    ends_at     BIGINT,
    due_at      BIGINT NOT NULL,
    -- Told together with others.
    digest      BIGINT NOT NULL DEFAULT 0,
    state       TEXT NOT NULL DEFAULT 'waiting',
    taken_until BIGINT NOT NULL DEFAULT 0,
    fence       BIGINT NOT NULL DEFAULT 0,
    attempts    BIGINT NOT NULL DEFAULT 0,
    -- Whether the node that had it last has never said what became of it.
    lost        BIGINT NOT NULL DEFAULT 0,
    error       TEXT,
    PRIMARY KEY (user_id, seq),
    CONSTRAINT outbox_class_known CHECK (class IN ('offer', 'money', 'state', 'follow', 'bulk')),
    CONSTRAINT outbox_state_known CHECK (state IN ('waiting', 'unknown', 'dead'))
);

CREATE INDEX outbox_due ON outbox (rank, due_at) WHERE state = 'waiting';
CREATE INDEX outbox_kept ON outbox (state, at) WHERE state <> 'waiting';

-- The message that stands for a request in somebody's chat, and the event it shows.
CREATE TABLE bot_messages (
    user_id    UUID NOT NULL,
    topic      UUID NOT NULL,
    message_id BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (user_id, topic)
);

CREATE INDEX bot_messages_by_age ON bot_messages (at);

-- What Telegram has said, each once. The text goes when it was worked through; the number stays, because the same update
-- may come again.
CREATE TABLE bot_updates (
    update_id   BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    body        TEXT,
    done_at     BIGINT,
    taken_until BIGINT NOT NULL DEFAULT 0,
    fence       BIGINT NOT NULL DEFAULT 0,
    attempts    BIGINT NOT NULL DEFAULT 0,
    error       TEXT
);

CREATE INDEX bot_updates_waiting ON bot_updates (update_id) WHERE done_at IS NULL;
CREATE INDEX bot_updates_by_age ON bot_updates (at);

-- Which node asks Telegram for updates, and from which one on.
CREATE TABLE bot_polling (
    name        TEXT PRIMARY KEY,
    held_until  BIGINT NOT NULL DEFAULT 0,
    fence       BIGINT NOT NULL DEFAULT 0,
    next_update BIGINT NOT NULL DEFAULT 0,
    at          BIGINT NOT NULL DEFAULT 0
);
