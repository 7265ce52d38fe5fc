//! What waits for a socket, and who has to go.

use peerpack_actors::time::Time;
use uuid::Uuid;

use super::*;

const NOW: Time = Time::from_ms(1_790_000_000_000);

fn user(n: u8) -> UserId {
    UserId::new(NOW, [n; 10])
}

fn viewer(subject: Subject, n: u8) -> Arc<Viewer> {
    let looker = Looker { user: user(n), session: Uuid::from_u128(n.into()), sees_all: true };
    Viewer::new(subject, Some(looker), Language::English)
}

fn taken(viewer: &Viewer) -> Vec<String> {
    std::iter::from_fn(|| viewer.take()).map(|text| text.to_string()).collect()
}

fn code(viewer: &Viewer) -> Option<u16> {
    viewer.ending().map(|ending| ending.code)
}

#[test]
fn the_latest_about_each_thing_waits_alone_and_keeps_its_turn() {
    let viewer = viewer(Subject::Map, 1);
    for n in 0..1_000_u32 {
        let courier = user(u8::from(n % 2 == 0));
        viewer.push(About::Courier("at", courier), n.to_string().into());
    }
    viewer.answer("pong".into());
    viewer.answer("pong".into());
    viewer.push(About::Courier("at", user(1)), "last".into());
    assert_eq!(taken(&viewer), ["last", "999", "pong", "pong"]);
    assert_eq!(viewer.state.lock().bytes, 0);
}

#[test]
fn what_waits_is_bounded_in_number_and_bytes() {
    for (count, text) in [(MAX_WAITING, "x".to_owned()), (16, "x".repeat(MAX_BYTES / 16))] {
        let viewer = viewer(Subject::Map, 1);
        for _ in 0..count {
            viewer.answer(text.as_str().into());
        }
        assert_eq!(code(&viewer), None);
        viewer.answer(text.as_str().into());
        assert_eq!((code(&viewer), taken(&viewer).len()), (Some(1001), 0));
        viewer.answer("later".into());
        assert!(taken(&viewer).is_empty());
    }
}

#[test]
fn an_older_version_is_not_told_after_a_newer_one() {
    let (viewer, order) = (viewer(Subject::Map, 1), OrderId::new(NOW, [1; 10]));
    let told = |version| Told { version, phase: OrderPhase::Matching, courier: None, offer: None };
    assert_eq!(viewer.note(order, told(2)), Ok(None));
    assert_eq!(viewer.note(order, told(2)), Err(()));
    assert_eq!(viewer.note(order, told(1)), Err(()));
    assert_eq!(viewer.note(order, told(3)), Ok(Some(told(2))));
}

#[test]
fn a_persons_oldest_sockets_make_room_and_an_end_of_a_session_ends_theirs_alone() {
    let viewers = Viewers::default();
    let restart = || Ending::new(1012, "restart");
    let own: Vec<_> = (0..21).map(|_| viewer(Subject::Map, 1)).collect();
    let other = viewer(Subject::Driver(user(2)), 2);
    own.iter().chain([&other]).for_each(|viewer| viewers.enter(viewer, restart));
    assert_eq!(own.iter().filter(|viewer| code(viewer) == Some(4009)).count(), 1);
    let ended = |session, n, is_banned| Ended {
        session: Uuid::from_u128(session),
        user: user(n),
        at: NOW,
        is_banned,
    };
    viewers.close_ended(&[ended(9, 1, false)]);
    assert!(own[1..].iter().all(|viewer| code(viewer).is_none()), "another session of theirs");
    viewers.close_ended(&[ended(1, 1, false)]);
    assert!(own[1..].iter().all(|viewer| code(viewer) == Some(4001)));
    assert_eq!(code(&other), None);
    viewers.close_ended(&[ended(9, 2, true)]);
    assert_eq!(code(&other), Some(4003));
    own.iter().chain([&other, &other]).for_each(|viewer| viewers.leave(viewer));
    assert_eq!(viewers.len(), 0);
}

#[tokio::test]
async fn who_comes_after_all_were_sent_away_is_sent_after_them() {
    let viewers = Viewers::default();
    let restart = || Ending::new(1012, "restart");
    viewers.close_all(restart).await;
    let late = viewer(Subject::Nothing, 1);
    viewers.enter(&late, restart);
    assert_eq!(code(&late), Some(1012));
}
