//! Chats as they are stored: only the two write and read, a message is there once, its number is the same for
//! both, and what is unread is arithmetic, no matter who writes at the same moment.

use std::sync::Arc;

use futures_util::future::join_all;
use peerpack::store::{CodesOf, Database, NewMessage, Page, Sent, TelegramProfile};
use peerpack_actors::ids::{ChatId, MessageId, UserId};
use peerpack_actors::ports::{CommitError, Store as _};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::talk::chat::{Policy, Words};

use super::databases::{TestStore, on_both};
use super::world::{after, user};

/// Nothing is too much or too often.
const GENEROUS: Policy =
    Policy { masks_contacts: true, to_stranger: 1_000, strangers_a_day: 100, a_minute: 10_000 };

async fn somebody(db: &Database) -> UserId {
    let fresh = user();
    let telegram_id = i64::try_from(fresh.uuid().as_u128() & 0xffff_ffff).expect("one that is there");
    let name = "Иван".to_owned();
    let profile = TelegramProfile { telegram_id, name, username: None, language: None, avatar: None };
    db.upsert_telegram_user(profile, fresh, after(0)).await.expect("an answer");
    fresh
}

async fn chat(db: &Database) -> (ChatId, UserId, UserId) {
    let (one, other) = (somebody(db).await, somebody(db).await);
    let chat = db
        .open_chat(ChatId::from(user().uuid()), one, other, after(0))
        .await
        .expect("an answer")
        .expect("one that is there");
    (chat.id, one, other)
}

async fn send(
    db: &Database,
    chat: ChatId,
    sender: UserId,
    name: Option<&str>,
) -> Result<Option<Sent>, CommitError> {
    let words = Words::new("слово", None).expect("one that is there");
    let (id, client_id) = (MessageId::from(user().uuid()), name.map(str::to_owned));
    let codes: CodesOf = Arc::new(|_| [String::new(), String::new()]);
    let new = NewMessage { id, chat, sender, words, client_id, codes, at: after(1) };
    db.send_message(new, GENEROUS).await
}

/// The numbers of the messages that are told in somebody's stream, in its order.
async fn told(db: &Database, who: UserId) -> Vec<u64> {
    let events = db.events(who, 0, 500).await.expect("an answer");
    let numbers = events.iter().filter_map(|event| {
        let body: serde_json::Value = serde_json::from_str(&event.body).expect("one that is there");
        (body["type"] == "chat.message").then(|| body["data"]["seq"].as_u64().expect("one that is there"))
    });
    numbers.collect()
}

on_both! {
    async fn a_third_person_neither_writes_nor_reads_nor_blocks(store: &TestStore) {
        let db = &store.db;
        let (id, one, _) = chat(db).await;
        let stranger = somebody(db).await;
        send(db, id, one, None).await.expect("an answer");
        let refused = |refused: CommitError| matches!(refused, CommitError::Refused(Rejection::NotAMember));
        assert!(send(db, id, stranger, None).await.is_err_and(refused));
        assert!(db.read_chat(id, stranger, 1, after(2)).await.is_err_and(refused));
        assert!(db.block_in_chat(id, stranger, true, after(2)).await.is_err_and(refused));
        assert_eq!(told(db, stranger).await, [0; 0]);
        assert_eq!(db.messages(id, Page::After(0), 10).await.expect("an answer").len(), 1);
    }

    async fn what_a_device_gives_one_name_is_one_message_however_often_and_at_once_it_comes(store: &TestStore) {
        let db = &store.db;
        let (id, one, other) = chat(db).await;
        let sends = join_all((0..20).map(|_| send(db, id, one, Some("m-1")))).await;
        let first = sends[0].as_ref().expect("one that is there").as_ref().expect("one that is there").message.clone();
        for sent in sends {
            assert_eq!(sent.expect("one that is there").expect("one that is there").message, first);
        }
        assert_eq!((told(db, one).await, told(db, other).await), (vec![1], vec![1]));
        let after_all = db.chat(id).await.expect("an answer").expect("one that is there");
        assert_eq!((after_all.top, after_all.unread(other)), (1, Ok(1)));
        // Of somebody else the same name is another message.
        assert_eq!(send(db, id, other, Some("m-1")).await.expect("an answer").expect("one that is there").message.seq, 2);
    }

    async fn both_write_at_once_and_see_one_order_and_every_message_unread_by_the_other(store: &TestStore) {
        let db = &store.db;
        let (id, one, other) = chat(db).await;
        let sends = (0..40).map(|n| send(db, id, if n % 4 == 0 { other } else { one }, None));
        for sent in join_all(sends).await {
            sent.expect("one that is there").expect("one that is there");
        }
        let stored = db.messages(id, Page::After(0), 100).await.expect("an answer");
        assert!(stored.iter().map(|message| message.seq).eq(1..=40));
        for who in [one, other] {
            assert!(told(db, who).await.into_iter().eq(1..=40), "{:?}", told(db, who).await);
        }
        let chat = db.chat(id).await.expect("an answer").expect("one that is there");
        assert_eq!((chat.unread(one), chat.unread(other)), (Ok(10), Ok(30)));
        assert_eq!((db.unread_messages(one).await.expect("an answer"), db.unread_messages(other).await.expect("an answer")), (10, 30));
    }

    /// Messages that wait at the same time are written together, and a refusal concerns its own message
    /// alone.
    async fn messages_written_together_are_answered_each_for_itself(store: &TestStore) {
        let db = &store.db;
        let chats = join_all((0..30).map(|_| chat(db))).await;
        let stranger = somebody(db).await;
        let nowhere = ChatId::from(user().uuid());
        let welcome = chats.iter().flat_map(|(id, one, other)| [(id, one), (id, other), (id, one)]);
        let welcome = join_all(welcome.map(|(id, who)| send(db, *id, *who, None)));
        let unwelcome = join_all(chats.iter().map(|(id, ..)| send(db, *id, stranger, None)));
        let lost = join_all((0..5).map(|_| send(db, nowhere, stranger, None)));
        let (welcome, unwelcome, lost) = tokio::join!(welcome, unwelcome, lost);
        let numbers: Vec<u64> = welcome.into_iter().map(|sent| sent.expect("an answer").expect("a chat").message.seq).collect();
        for of_chat in numbers.chunks(3) {
            let mut of_chat = of_chat.to_vec();
            of_chat.sort_unstable();
            assert_eq!(of_chat, [1, 2, 3]);
        }
        let refused = |refused: CommitError| matches!(refused, CommitError::Refused(Rejection::NotAMember));
        assert!(unwelcome.into_iter().all(|sent| sent.is_err_and(refused)));
        assert!(lost.into_iter().all(|sent| sent.expect("an answer").is_none()));
        for (id, one, other) in chats {
            assert_eq!(db.messages(id, Page::After(0), 10).await.expect("an answer").len(), 3);
            assert_eq!((told(db, one).await, told(db, other).await), (vec![1, 2, 3], vec![1, 2, 3]));
        }
        assert_eq!(told(db, stranger).await, [0; 0]);
    }

    async fn marks_only_grow_and_what_is_unread_is_what_lies_behind_them(store: &TestStore) {
        let db = &store.db;
        let (id, one, other) = chat(db).await;
        for writer in [one, one, other, one, other, one] {
            send(db, id, writer, None).await.expect("an answer");
        }
        let mut told_of = Vec::new();
        for (up_to, unread) in [(1, 3), (3, 2), (2, 2), (0, 2), (4, 1), (1_000, 0), (5, 0)] {
            let (chat, committed) = db.read_chat(id, other, up_to, after(2)).await.expect("an answer").expect("one that is there");
            assert_eq!(chat.unread(other), Ok(unread), "up to {up_to}");
            assert_eq!(db.unread_messages(other).await.expect("an answer"), unread, "up to {up_to}");
            told_of.push(committed.entries.len());
        }
        assert_eq!(told_of, [2, 2, 0, 0, 2, 2, 0], "both hear of what is new, and of nothing else");
        assert_eq!(db.unread_messages(one).await.expect("an answer"), 2);
    }
}
