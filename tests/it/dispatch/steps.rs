//! The table of states over HTTP.

use peerpack_actors::dispatch::OrderPhase;
use reqwest::StatusCode;
use serde_json::json;

use super::{Somebody, Town, moved, patch};
use crate::support::backends;

/// Leads an order of the desk to a phase that needs no search.
async fn order_in(town: &Town, passenger: &Somebody, driver: &Somebody, phase: OrderPhase) -> String {
    use OrderPhase as P;
    let order = town.order(passenger).await;
    let way: &[&str] = match phase {
        P::Submitted => &[],
        P::AwaitingDispatcherDecision => &["awaiting_dispatcher_decision"],
        P::Rejected => &["rejected"],
        P::Created => &["created"],
        P::ActiveQueue => &["awaiting_dispatcher_decision", "active_queue"],
        P::Cancelled => &["cancelled"],
        _ => {
            let (status, assigned) = town.assign(&order, driver).await;
            assert_eq!(status, StatusCode::OK, "{assigned}");
            match phase {
                P::Assigned => &[],
                P::DriverEnRoute => &["driver_en_route"],
                P::ArrivedWaiting => &["driver_en_route", "arrived_waiting"],
                P::RideOngoing => &["driver_en_route", "arrived_waiting", "ride_ongoing"],
                P::NoShow => &["driver_en_route", "arrived_waiting", "no_show"],
                P::Incident => &["driver_en_route", "arrived_waiting", "ride_ongoing", "incident"],
                P::Completed => &["driver_en_route", "arrived_waiting", "ride_ongoing", "completed"],
                _ => unreachable!("{phase:?} is not made here"),
            }
        }
    };
    for step in way {
        town.step(&order, step).await;
    }
    order
}

/// Every step that the table does not have is refused with what it has, and changes nothing.
#[actix_web::test]
async fn the_desk_takes_the_steps_of_the_table_and_no_others() {
    use OrderPhase as P;
    for backend in backends() {
        let town = Town::open(backend).await;
        let (driver, passenger) = (town.driver_at(1, 55.77, 37.65).await, town.passenger(1).await);
        for from in P::ALL {
            // A draft is never stored; what is searched for or offered moves by itself.
            if matches!(from, P::Draft | P::Matching | P::Offered) {
                continue;
            }
            let order = order_in(&town, &passenger, &driver, from).await;
            for to in P::ALL.into_iter().filter(|to| !from.may_become(*to)) {
                let path = format!("/api/orders/{order}/status/");
                let (status, refused) = patch(&town.desk, &path, json!({ "status": to.word() })).await;
                assert_eq!(status, StatusCode::BAD_REQUEST, "{from:?} to {to:?}: {refused}");
                assert_eq!(refused["current_status"], from.word(), "{refused}");
                assert_eq!(refused["requested_status"], to.word());
                assert_eq!(refused["order_id"], order.as_str());
                let valid: Vec<&str> = from.next().iter().map(|next| next.word()).collect();
                assert_eq!(refused["valid_transitions"], json!(valid));
                assert!(refused["error"].is_string() && refused["request_id"].is_string(), "{refused}");
            }
            assert_eq!(town.status_of(&order).await, from.word());
            let ends =
                if from == P::NoShow || from.may_become(P::Cancelled) { Some("cancelled") } else { None };
            if let Some(end) = ends {
                town.step(&order, end).await;
            }
            assert_eq!(town.duty_of(&driver).await, "online_idle", "after {from:?}");
        }
    }
}

/// The passenger calls off, the courier drives, and neither does what is the desk's.
#[actix_web::test]
async fn everybody_takes_their_own_steps() {
    let town = Town::open(crate::support::Backend::Sqlite).await;
    let (driver, passenger) = (town.driver_at(1, 55.77, 37.65).await, town.passenger(1).await);
    let order = order_in(&town, &passenger, &driver, OrderPhase::Assigned).await;
    let path = format!("/api/orders/{order}/status/");
    for (who, role, step) in [
        (&passenger, "passenger", "driver_en_route"),
        (&passenger, "passenger", "completed"),
        (&driver, "courier", "matching"),
        (&driver, "courier", "no_show"),
    ] {
        let (status, refused) = patch(&who.user, &path, json!({ "status": step })).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{role} to {step}: {refused}");
        assert_eq!(refused["current_user_role"], role, "{refused}");
        assert_eq!(
            (&refused["order_status"], &refused["requested_status"]),
            (&json!("assigned"), &json!(step))
        );
        assert!(refused["error"].is_string(), "{refused}");
    }
    moved(&driver.user, &order, "driver_en_route").await;
    let fee = passenger.user.post(&format!("/api/orders/{order}/calculate-cancel-fee/"), json!({})).await.1;
    assert_eq!((&fee["fee"], &fee["policy"]), (&json!(1_000.0), &json!("under_way")), "{fee}");
    let (status, cancelled) =
        passenger.user.post(&format!("/api/mobile/orders/{order}/cancel/"), json!({})).await;
    assert_eq!((status, &cancelled["cancel_fee"]), (StatusCode::OK, &json!(1_000.0)), "{cancelled}");
    assert_eq!(cancelled["cancel_fee_details"]["policy"], "under_way");
    assert_eq!(town.duty_of(&driver).await, "online_idle");
    // The desk takes it up again; what is called off can be assigned, too.
    let (status, again) = town.assign(&order, &driver).await;
    assert_eq!((status, &again["order"]["status"]), (StatusCode::OK, &json!("assigned")), "{again}");
}
