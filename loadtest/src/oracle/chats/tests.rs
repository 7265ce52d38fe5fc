//! Each fault is planted and found.

use peerpack_actors::ids::ChatId;
use uuid::Uuid;

use super::super::talk::{Kept, Line, Reply, text_digest};
use super::super::testing::{Play, message_of};
use super::*;

/// The names that devices give.
const FIRST: Uuid = Uuid::from_u128(71);
const SECOND: Uuid = Uuid::from_u128(72);

/// Two people talk: one says something, the other answers, and the first one reads it.
fn talk() -> (Play, ChatId) {
    let mut play = Play::new();
    let chat = play.chat(1, 2);
    for (number, by, name) in [(1, 1, FIRST), (2, 2, SECOND)] {
        play.said(chat, number, by, name);
        let other = 3 - by;
        play.hear(by, chat, number, by, Some(name), u64::from(number == 2));
        play.hear(other, chat, number, by, None, 1);
    }
    play.read(1, chat, 1, 2, 0);
    play.read(2, chat, 1, 2, 1);
    (play, chat)
}

fn found(play: &Play) -> Vec<String> {
    check(&play.history)
}

#[test]
fn when_all_is_as_it_should_be_nothing_is_found() {
    let (mut play, chat) = talk();
    assert_eq!(found(&play), [""; 0]);
    keep(&mut play, chat, 2);
    assert_eq!(found(&play), [""; 0]);
}

/// The store has so many messages of the chat.
fn keep(play: &mut Play, chat: ChatId, messages: u64) {
    let line = |number: u64| {
        let by = play.user(u8::try_from(number).expect("few"));
        (number, Line { message: message_of(number), by, text: text_digest(&format!("text {number}")) })
    };
    let unread = [(play.user(1), 0), (play.user(2), 1)].into();
    let kept = Kept { lines: (1..=messages).map(line).collect(), unread };
    play.history.talk.kept.insert(chat, kept);
}

#[test]
fn a_message_that_was_acknowledged_and_never_told_is_seen() {
    let (mut play, chat) = talk();
    play.said(chat, 3, 1, Uuid::from_u128(73));
    let found = found(&play);
    assert!(found.iter().any(|what| what.contains("was not told to")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("its sender heard None")), "{found:?}");
}

#[test]
fn a_message_that_only_one_of_the_two_hears_is_seen() {
    let (mut play, chat) = talk();
    play.hear(1, chat, 3, 2, None, 1);
    assert!(found(&play).iter().any(|what| what.contains("did not hear 3")), "{:?}", found(&play));
}

#[test]
fn a_loss_in_between_is_seen() {
    let (mut play, chat) = talk();
    for user in [1, 2] {
        play.hear(user, chat, 4, 2, None, 1);
    }
    assert!(found(&play).iter().any(|what| what.contains("message 4 was told in place of 3")));
}

#[test]
fn a_message_that_is_told_twice_is_seen() {
    let (mut play, chat) = talk();
    play.hear(1, chat, 2, 2, None, 0);
    assert!(found(&play).iter().any(|what| what.contains("message 2 was told in place of 3")));
}

#[test]
fn another_order_for_the_other_one_is_seen() {
    let mut play = Play::new();
    let chat = play.chat(1, 2);
    for (user, unread) in [(1, [0, 1]), (2, [1, 1])] {
        let by = if user == 1 { [1, 2] } else { [2, 1] };
        play.hear(user, chat, 1, by[0], None, unread[0]);
        play.hear(user, chat, 2, by[1], None, unread[1]);
    }
    assert!(found(&play).iter().any(|what| what.contains("another message under 1")), "{:?}", found(&play));
}

#[test]
fn somebody_who_is_none_of_the_two_and_hears_of_it_is_seen() {
    let (mut play, chat) = talk();
    play.hear(0, chat, 1, 1, None, 1);
    assert!(found(&play)[0].contains("a chat of other people"));
}

#[test]
fn two_messages_of_one_name_are_seen() {
    let (mut play, chat) = talk();
    play.history.word_sent(FIRST, chat, play.user(1), "text 1");
    play.history.word_answered(FIRST, Reply::Sent(message_of(3), 3));
    play.hear(1, chat, 3, 1, Some(FIRST), 0);
    play.hear(2, chat, 3, 1, None, 2);
    let found = found(&play);
    assert!(found.iter().any(|what| what.contains("is several messages")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("messages 1 and 3 have one name")), "{found:?}");
}

#[test]
fn what_was_refused_and_told_is_seen() {
    let (mut play, chat) = talk();
    let name = Uuid::from_u128(73);
    play.history.word_sent(name, chat, play.user(1), "text 3");
    play.history.word_answered(name, Reply::Refused("too_many".to_owned()));
    assert_eq!(found(&play), [""; 0]);
    play.hear(1, chat, 3, 1, Some(name), 0);
    play.hear(2, chat, 3, 1, None, 2);
    assert!(found(&play)[0].contains("was refused"));
}

#[test]
fn other_words_than_were_said_are_seen() {
    let (mut play, _) = talk();
    if let Some(word) = play.history.talk.words.get_mut(&FIRST) {
        word.text += 1;
    }
    assert_eq!(found(&play).len(), 2, "by each of the two");
}

#[test]
fn a_word_without_an_answer_is_seen() {
    let (mut play, chat) = talk();
    play.history.word_sent(Uuid::from_u128(73), chat, play.user(1), "text 3");
    assert!(found(&play)[0].contains("said 1 times and answered 0 times"));
    play.history.word_cut(Uuid::from_u128(73));
    assert_eq!(found(&play), [""; 0]);
}

#[test]
fn a_wrong_count_of_what_is_unread_is_seen() {
    let (mut play, chat) = talk();
    play.hear(1, chat, 3, 2, None, 2);
    play.hear(2, chat, 3, 2, None, 1);
    assert!(found(&play).iter().any(|what| what.contains("2 were said to be unread, and 1 were")));
}

#[test]
fn a_mark_that_goes_back_or_beyond_the_last_message_is_seen() {
    for up_to in [1, 2, 3] {
        let (mut play, chat) = talk();
        play.read(1, chat, 1, up_to, 0);
        assert!(found(&play).iter().any(|what| what.contains("read up to")), "{up_to}");
    }
}

#[test]
fn a_store_that_has_less_more_or_something_else_is_seen() {
    for messages in [1, 3] {
        let (mut play, chat) = talk();
        keep(&mut play, chat, messages);
        assert!(found(&play).iter().any(|what| what.contains("messages are stored, and 2 were told")));
    }
    let (mut play, chat) = talk();
    keep(&mut play, chat, 2);
    let other = play.user(2);
    let kept = play.history.talk.kept.get_mut(&chat).expect("it was just put there");
    kept.lines[0].1.text += 1;
    kept.unread.insert(other, 0);
    let found = found(&play);
    assert!(found.iter().any(|what| what.contains("stored otherwise than it was told")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("0 are unread")), "{found:?}");
}

#[test]
fn where_a_text_was_left_out_its_number_is_enough_and_nothing_is_counted() {
    let (mut play, chat) = talk();
    let name = Uuid::from_u128(73);
    play.said(chat, 3, 1, name);
    play.more(1, chat, 3);
    play.more(2, chat, 3);
    assert_eq!(found(&play), [""; 0]);
}

#[test]
fn nothing_is_concluded_from_a_torn_stream() {
    let (mut play, chat) = talk();
    play.said(chat, 3, 1, Uuid::from_u128(73));
    play.history.streams.values_mut().for_each(|stream| stream.is_torn = true);
    assert_eq!(found(&play), [""; 0]);
}
