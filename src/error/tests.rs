use actix_web::body::to_bytes;
use peerpack_actors::rejection::Rejection;

use super::*;

#[actix_web::test]
async fn an_error_is_a_problem_document_with_a_stable_code() {
    let error = ApiError::unprocessable("from", "unknown place").with_suggestions(["Казань"]);
    let response = error.error_response();
    assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
    let problem: Problem = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
    assert_eq!(
        (problem.status, problem.code.as_str(), problem.title.as_str()),
        (422, "invalid", "Unprocessable Entity")
    );
    assert_eq!(problem.kind, "urn:peerpack:problem:invalid");
    assert_eq!(problem.fields["from"], "unknown place");
    assert_eq!(problem.suggestions, ["Казань"]);
}

#[test]
fn a_stranger_cannot_tell_a_foreign_request_from_none() {
    assert_eq!(ApiError::from(Rejection::NotAParty), ApiError::from(Rejection::UnknownRequest));
    assert_eq!(ApiError::from(Rejection::NotAParty), ApiError::not_found());
}

#[test]
fn every_refusal_of_the_core_has_its_status() {
    let cases = [
        (Rejection::WrongParty("courier"), 403),
        (Rejection::IllegalTransition { action: "accept", state: "expired" }, 409),
        (Rejection::AlreadyTaken, 409),
        (Rejection::Expired, 409),
        (Rejection::TripNotLive, 409),
        (Rejection::PartyGone, 409),
        (Rejection::ParcelsOnBoard, 409),
        (Rejection::AlreadyRequested, 409),
        (Rejection::TooManyRequests, 409),
        (Rejection::TooManyPackages(1), 409),
        (Rejection::TooManyTrips(1), 409),
        (Rejection::TooManyPending(1), 409),
        (Rejection::TooManyOnTrip(1), 409),
        (Rejection::TooManyWithdrawals, 409),
        (Rejection::DailyLimit, 409),
        (Rejection::PayoutWaits, 409),
        (Rejection::TooManyPayments, 409),
        (Rejection::InsufficientFunds, 409),
        (Rejection::EmptyMessage, 400),
        (Rejection::NotAMember, 403),
        (Rejection::CannotWrite, 403),
        (Rejection::BlockedByYou, 409),
        (Rejection::AwaitsAnswer(1), 409),
        (Rejection::TooManyStrangers(1), 409),
        (Rejection::TooManyPosts(1), 409),
        (Rejection::TooFast(1), 429),
        (Rejection::CodeInMessage, 422),
        (Rejection::OwnPackage, 422),
        (Rejection::DoesNotSuit("order"), 422),
    ];
    for (rejection, status) in cases {
        let error = ApiError::from(rejection.clone());
        assert_eq!((error.status().as_u16(), error.code()), (status, rejection.code()));
    }
    let invalid = ApiError::from(Rejection::Invalid { field: "reward", reason: "must be positive" });
    assert_eq!((invalid.status().as_u16(), invalid.fields["reward"].as_str()), (422, "must be positive"));
}

#[test]
fn an_outage_says_when_to_try_again_and_nothing_about_its_cause() {
    let response = ApiError::from(Unavailable("password=hunter2".into())).error_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers().get("retry-after").unwrap(), "1");
    assert!(!ApiError::from(Unavailable("hunter2".into())).to_string().contains("hunter2"));
}

#[test]
fn a_401_carries_its_challenge() {
    let challenge = |code| {
        let response = ApiError::unauthorized(code, "").error_response();
        response.headers().get("www-authenticate").unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(challenge("unauthorized"), "Bearer");
    assert_eq!(challenge("token_expired"), "Bearer error=\"invalid_token\"");
}

#[test]
fn a_field_is_named_and_what_is_wrong_with_it_said() {
    let error = translated::translated(ApiError::unprocessable("from", "unknown city"));
    assert_eq!(error.message(), "Откуда: такой город не найден");
    let error = translated::translated(ApiError::unprocessable("max_detour_min", "must be at most a day"));
    assert_eq!(error.message(), "max_detour_min: не больше суток");
    let error = translated::translated(ApiError::unprocessable("text", "must be at most 2000 characters"));
    assert_eq!(error.message(), "Текст: не больше 2000 знаков");
    let error = translated::translated(ApiError::unprocessable("near", "something new"));
    assert_eq!(error.message(), "Проверьте введённые данные");
}
