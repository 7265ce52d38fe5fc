//! Masking, measured on messages as people write them; chats as a model.

use peerpack_actors::talk::masking::{Contact, find, masked};

/// A kind (`ok` for no contact) and a text, line by line.
const MESSAGES: &str = include_str!("talk/messages.tsv");

/// What of the contacts has to be found at least, and what of the others may be taken for contacts at most.
const RECALL: f64 = 0.95;
const FALSE_ALARMS: f64 = 0.01;

fn messages() -> impl Iterator<Item = (Option<Contact>, &'static str)> {
    MESSAGES.lines().map(|line| {
        let (kind, text) = line.split_once('\t').expect("a kind and a text");
        let contact = match kind {
            "ok" => None,
            word => Some(Contact::from_word(word).expect("a kind")),
        };
        (contact, text)
    })
}

#[test]
fn contacts_are_found_and_what_is_harmless_is_left_alone() {
    let (mut contacts, mut missed, mut harmless, mut alarms) = (0, Vec::new(), 0, Vec::new());
    for (contact, text) in messages() {
        let found = find(text);
        match contact {
            None => {
                harmless += 1;
                if !found.is_empty() {
                    alarms.push(format!("{text} -> {}", masked(text, &found)));
                }
            }
            Some(_) => {
                contacts += 1;
                if found.is_empty() {
                    missed.push(text);
                }
            }
        }
    }
    let recall = 1.0 - missed.len() as f64 / f64::from(contacts);
    let false_alarms = alarms.len() as f64 / f64::from(harmless);
    println!("of {contacts} contacts {:.1} % are found; missed: {missed:#?}", 100.0 * recall);
    println!(
        "of {harmless} harmless messages {:.1} % are taken for contacts: {alarms:#?}",
        100.0 * false_alarms
    );
    assert!(contacts + harmless >= 300);
    assert!(recall >= RECALL, "{recall}");
    assert!(false_alarms <= FALSE_ALARMS, "{false_alarms}");
}

#[test]
fn a_masked_number_leaves_nothing_of_itself() {
    for (text, shown) in [
        ("Мой номер +7 900 123-45-67, жду", "Мой номер •••, жду"),
        ("+79001234567", "•••"),
        ("2 + 2 и 8 (915) 555-44-33", "2 + 2 и •••"),
        ("пишите в @annushka", "пишите в •••"),
        ("один+один", "один+один"),
    ] {
        assert_eq!(masked(text, &find(text)), shown);
    }
}

mod machine {
    use peerpack_actors::ids::{ChatId, UserId};
    use peerpack_actors::rejection::Rejection;
    use peerpack_actors::talk::chat::{Chat, Facts, Member, Policy, Words};
    use peerpack_actors::talk::masking::Contact;
    use peerpack_actors::time::{Span, Time};
    use proptest::prelude::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn person(n: u8) -> UserId {
        UserId::new(NOW, [n; 10])
    }

    fn chat() -> Chat {
        Chat::between(ChatId::new(NOW, [9; 10]), person(2), person(1), NOW)
    }

    fn words(text: &str) -> Words {
        Words::new(text, None).expect("something is said")
    }

    fn say(chat: &Chat, text: &str, facts: Facts) -> Result<peerpack_actors::talk::chat::Said, Rejection> {
        chat.say(person(1), &words(text), facts, &["123456".to_owned()], Policy::default())
    }

    const KNOWN: Facts = Facts {
        has_deal: false,
        has_request: true,
        is_other_gone: false,
        within_minute: 0,
        again_in_s: 0,
        strangers_today: 0,
    };

    #[test]
    fn the_two_stand_in_one_order_no_matter_who_opens_the_chat() {
        let other = Chat::between(ChatId::new(NOW, [9; 10]), person(1), person(2), NOW);
        assert_eq!(chat(), other);
        assert_eq!(chat().sides(person(3)), Err(Rejection::NotAMember));
    }

    #[test]
    fn what_may_be_said_depends_on_who_knows_whom_and_what_was_said() {
        let quiet = chat();
        let stranger = Facts { has_request: false, ..KNOWN };
        let sent = |count| {
            let mut chat = chat();
            (chat.top, chat.members[0].sent) = (count, count);
            chat
        };
        let mut blocking = chat();
        blocking.members[0].blocks = true;
        let mut blocked = chat();
        blocked.members[1].blocks = true;
        for (chat, text, facts, expected) in [
            (quiet, "привет", KNOWN, Ok(())),
            (quiet, "привет", stranger, Ok(())),
            (sent(3), "ещё", stranger, Err(Rejection::AwaitsAnswer(3))),
            (sent(300), "ещё", KNOWN, Ok(())),
            (
                quiet,
                "привет",
                Facts { strangers_today: 10, ..stranger },
                Err(Rejection::TooManyStrangers(10)),
            ),
            (sent(1), "привет", Facts { strangers_today: 10, ..stranger }, Ok(())),
            (
                quiet,
                "привет",
                Facts { within_minute: 30, again_in_s: 7, ..KNOWN },
                Err(Rejection::TooFast(7)),
            ),
            (quiet, "привет", Facts { is_other_gone: true, ..KNOWN }, Err(Rejection::CannotWrite)),
            (blocking, "привет", KNOWN, Err(Rejection::BlockedByYou)),
            (blocked, "привет", KNOWN, Err(Rejection::CannotWrite)),
            (quiet, "код 123456", KNOWN, Err(Rejection::CodeInMessage)),
            (quiet, "1 2 3-4.5 6", Facts { has_deal: true, ..KNOWN }, Err(Rejection::CodeInMessage)),
            (quiet, "один два три 456", KNOWN, Err(Rejection::CodeInMessage)),
            (quiet, "９ 1234567", KNOWN, Ok(())),
        ] {
            assert_eq!(say(&chat, text, facts).map(|_| ()), expected, "{text} {facts:?}");
        }
    }

    #[test]
    fn contacts_are_kept_back_before_a_deal_and_pass_with_a_warning_after_it() {
        let text = "мой номер 89161234567, или t.me/ivan_courier";
        let before = say(&chat(), text, KNOWN).expect("said");
        assert_eq!(before.shown.as_deref(), Some("мой номер •••, или •••"));
        assert_eq!(before.masked, [Contact::Phone, Contact::Link]);
        assert!(before.warnings.is_empty());
        let after = say(&chat(), text, Facts { has_deal: true, ..KNOWN }).expect("said");
        assert_eq!((after.shown, after.masked.len(), after.warnings.len()), (None, 0, 1));
        let open = Policy { masks_contacts: false, ..Policy::default() };
        let open = chat().say(person(1), &words(text), KNOWN, &[], open).expect("said");
        assert_eq!((open.shown, open.warnings.len()), (None, 1));
    }

    #[test]
    fn words_have_bounds_in_characters() {
        assert_eq!(Words::new(" \n ", None), Err(Rejection::EmptyMessage));
        assert!(Words::new(&"🏔".repeat(1_000), None).is_ok());
        let long = Words::new(&"я".repeat(1_001), None);
        assert!(matches!(long, Err(Rejection::Invalid { field: "content", .. })));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Say { first: bool },
        Read { first: bool, up_to: u64 },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let say = any::<bool>().prop_map(|first| Step::Say { first });
        let read = (any::<bool>(), 0..40_u64).prop_map(|(first, up_to)| Step::Read { first, up_to });
        prop::collection::vec(prop_oneof![2 => say, 1 => read], 0..60)
    }

    proptest! {
        /// The model is the list of messages: who has sent which, and how far each has read.
        #[test]
        fn unread_is_what_a_count_of_the_messages_says(steps in steps()) {
            let (mut chat, mut sent, mut read) = (chat(), Vec::new(), [0_u64; 2]);
            for (n, step) in steps.into_iter().enumerate() {
                let at = NOW + Span::seconds(n as i64);
                match step {
                    Step::Say { first } => {
                        let by = chat.members[usize::from(!first)].user;
                        let said = chat.say(by, &words("да"), KNOWN, &[], Policy::default()).expect("said");
                        chat = chat.after(by, &said, at);
                        sent.push(by);
                        prop_assert_eq!(said.seq, sent.len() as u64);
                    }
                    Step::Read { first, up_to } => {
                        let side = usize::from(!first);
                        let (own, other) = (chat.members[side], chat.members[1 - side]);
                        let seen = &sent[..(up_to as usize).min(sent.len())];
                        let nth = seen.iter().filter(|by| **by == other.user).count() as u64;
                        let after: Option<Member> = chat.read(own.user, up_to, nth).expect("a member");
                        prop_assert_eq!(after.is_some(), up_to.min(chat.top) > own.read_up_to);
                        if let Some(after) = after {
                            chat.members[side] = after;
                        }
                        read[side] = read[side].max(up_to.min(sent.len() as u64));
                    }
                }
                for side in [0, 1] {
                    let own = chat.members[side];
                    let rest = &sent[read[side] as usize..];
                    let unread = rest.iter().filter(|by| **by != own.user).count() as u64;
                    prop_assert_eq!(own.read_up_to, read[side]);
                    prop_assert_eq!(chat.unread(own.user), Ok(unread));
                }
            }
        }

        /// Whatever people write, finding ends, and what is found lies in the text and apart.
        #[test]
        fn masking_never_panics_and_leaves_nothing_to_be_found(text in ".{0,200}") {
            let found = super::find(&text);
            prop_assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
            let shown = super::masked(&text, &found);
            prop_assert_eq!(shown.matches('•').count() >= found.len() * 3, true);
        }

        /// A number stays one however it is parted.
        #[test]
        fn a_phone_is_found_however_its_digits_are_parted(
            gaps in prop::collection::vec(prop::sample::select(vec!["", " ", "-", ".", "\u{200b}", " - "]), 10),
            rest in "[0-9]{9}",
        ) {
            let mut text = String::from("звоните 8");
            for (gap, digit) in gaps.iter().zip("9".chars().chain(rest.chars())) {
                text.push_str(gap);
                text.push(digit);
            }
            let found = super::find(&text);
            prop_assert!(found.iter().any(|found| found.contact == Contact::Phone), "{text}");
        }
    }
}
