//! Signing in with a code that is sent to a phone.

use actix_web::{HttpRequest, HttpResponse, web};
use peerpack_actors::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Entrance, SignedIn, known_device, sign_in};
use crate::app::App;
use crate::auth::password::{self, Desk};
use crate::auth::phone::{self, CodeSender, Phone};
use crate::auth::token::Tokens;
use crate::edge::address;
use crate::error::extract::Body;
use crate::error::{ApiError, Problem, request_id, whole_seconds};
use crate::store::{Asking, CodeBudget, CodePlan};
use crate::typed;

/// How often a wish for a code is looked at again when something else happened to the phone meanwhile.
const LOOKS: usize = 3;

/// A number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneLogin {
    /// With the code of the country, or with what is dialled in front within it; blanks, hyphens and brackets
    /// do not count.
    #[schema(example = "+7 900 123-45-67")]
    phone: String,
    /// As it came with an earlier sign-in on this device: then others keep nobody waiting.
    device_token: Option<String>,
}

/// A code is on its way, or there already.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeSent {
    message: String,
    /// Names what was asked for. Sent back with the code, nobody else's guesses count.
    challenge_id: String,
    /// Until when the code is good.
    expires_at: String,
    /// Whether a code is on its way. Otherwise one has reached the phone a moment ago, asked for by somebody
    /// else perhaps: the last one that came is good.
    sent: bool,
    /// How many digits the code has: six; eight or ten while strangers guess at the phone.
    digits: u32,
}

/// The code that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    pub(in crate::http) phone: String,
    /// As it came when the code was asked for. Without it the last code that reached the phone is meant.
    pub(in crate::http) challenge_id: Option<Uuid>,
    /// The digits; blanks and hyphens between them do not count. The last code that reached the phone is
    /// good, no matter who asked for it, and the challenge's own.
    pub(in crate::http) code: String,
    /// As it came with an earlier sign-in on this device.
    pub(in crate::http) device_token: Option<String>,
}

/// Somebody of the dispatch in town.
#[derive(Debug, Serialize, ToSchema)]
pub struct TownPerson {
    /// Their number.
    id: i64,
    name: String,
}

/// Tokens of somebody who has signed in by phone, and what they are to the dispatch in town.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInByPhone {
    #[serde(flatten)]
    signed_in: SignedIn,
    /// The same as `access_token`.
    access: String,
    /// The same as `refresh_token`.
    refresh: String,
    /// As what they are known to the dispatch: driver or passenger; else as in `user`.
    role: String,
    /// As whom somebody drives.
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<TownPerson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver_id: Option<i64>,
    /// As whom somebody is driven.
    #[serde(skip_serializing_if = "Option::is_none")]
    passenger: Option<TownPerson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passenger_id: Option<i64>,
}

/// Who is at the phone: for what is counted.
struct Caller {
    /// A device that has signed in with this phone before.
    device: Option<Uuid>,
    /// Whom guesses and questions are counted against.
    asker: String,
    address: String,
    network: String,
}

impl Caller {
    async fn of(
        req: &HttpRequest,
        app: &App,
        tokens: &Tokens,
        phone: &Phone,
        device_token: Option<&str>,
    ) -> Result<Self, ApiError> {
        let from = address::of(req, app.config.trusted_proxies);
        let (address, network) = (address::client(from).to_string(), address::network(from));
        let user = match device_token {
            Some(_) => app.database.user_of_phone(phone.as_str()).await?,
            None => None,
        };
        let device = match (user, device_token) {
            (Some(user), Some(token)) => known_device(app, tokens, &user, token).await?,
            _ => None,
        };
        Ok(match device.map(|device| format!("device:{device}")) {
            Some(name) => Self { device, asker: name.clone(), address: name.clone(), network: name },
            None => Self { device, asker: address.clone(), address, network },
        })
    }

    /// Where their codes are made and compared.
    fn desk(&self) -> &'static Desk {
        if self.device.is_some() { &password::KNOWN_PHONES } else { &password::PHONES }
    }
}

/// Sends a code to a phone, or says that the last one is good that came. The answer is the same whether or
/// not the number is known.
#[utoipa::path(post, path = "/api/auth/phone-login", operation_id = "send_phone_code",
    tag = "identity", request_body(content = PhoneLogin),
    responses((status = 200, body = CodeSent), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn send_code(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    sender: web::Data<dyn CodeSender>,
    body: Body<PhoneLogin>,
) -> Result<HttpResponse, ApiError> {
    let phone = Phone::parse(&body.0.phone)?;
    let sent = ask(&req, (&app, &tokens, &sender), &phone, body.0.device_token.as_deref()).await?;
    Ok(HttpResponse::Ok().json(sent))
}

/// Sends a code to a phone, or says that the last one is good that came.
pub(in crate::http) async fn ask(
    req: &HttpRequest,
    (app, tokens, sender): (&App, &Tokens, &web::Data<dyn CodeSender>),
    phone: &Phone,
    device_token: Option<&str>,
) -> Result<CodeSent, ApiError> {
    let caller = Caller::of(req, app, tokens, phone, device_token).await?;
    let desk = caller.desk();
    let asking = Asking {
        id: Uuid::from_bytes(rand::random()),
        phone: phone.as_str().to_owned(),
        country: phone.country().to_owned(),
        asker: caller.asker,
        address: caller.address,
        network: caller.network,
        is_known_device: caller.device.is_some(),
    };
    let challenge_id = asking.id.to_string();
    let (plan, code) = kept(app, &asking, desk).await?;
    let (message, expires_at, sent, digits) = match (plan, code) {
        (CodePlan::Wait(wait), _) => {
            return Err(ApiError::too_many(whole_seconds(wait)));
        }
        (CodePlan::Send { digits, expires_at }, Some(code)) => {
            if let Err(error) = sender.send(phone, &code).await {
                // Nobody is to wait for what does not come.
                app.database.forget_code(asking.id).await?;
                return Err(error);
            }
            (("Код отправлен", "The code is on its way"), expires_at, true, digits)
        }
        (CodePlan::Send { digits, expires_at } | CodePlan::Join { digits, expires_at }, _) => {
            let (russian, english) = (
                "Код уже отправлен: введите последний, который пришёл",
                "A code was sent already: please type the last one that came",
            );
            ((russian, english), expires_at, false, digits)
        }
    };
    let message = request_id::language().choose(message.0.to_owned(), message.1.to_owned());
    let expires_at = expires_at.to_string();
    Ok(CodeSent { message, challenge_id, expires_at, sent, digits })
}

/// Keeps a challenge, and the hash of the code if one is to be sent: that takes a while, so it is not made
/// for nothing.
async fn kept(app: &App, asking: &Asking, desk: &Desk) -> Result<(CodePlan, Option<String>), ApiError> {
    let (budget, now) = (CodeBudget(app.config.phone_codes_per_h), app.clock.now());
    for _ in 0..LOOKS {
        let plan = app.database.plan_code(asking.clone(), budget, now).await?;
        let (code, hash) = match plan {
            CodePlan::Wait(_) => return Ok((plan, None)),
            CodePlan::Join { .. } => (None, None),
            CodePlan::Send { digits, .. } => {
                let code = phone::code(rand::random(), digits);
                let hash = desk.hash(code.clone(), rand::random()).await?;
                (Some(code), Some((hash, digits)))
            }
        };
        if let Some(plan) = app.database.add_code(asking.clone(), hash, budget, now).await? {
            let code = code.filter(|_| matches!(plan, CodePlan::Send { .. }));
            return Ok((plan, code));
        }
    }
    Err(ApiError::unavailable())
}

/// Signs in with the code that came. Five wrong ones end a challenge; of anybody who names none, five end the
/// code for them alone. Nobody's guesses spoil the code for anybody else.
#[utoipa::path(post, path = "/api/auth/verify-otp", operation_id = "sign_in_with_phone_code",
    tag = "identity", request_body(content = VerifyCode),
    responses((status = 200, body = SignedInByPhone), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn verify_code(
    req: HttpRequest,
    app: web::Data<App>,
    tokens: web::Data<Tokens>,
    body: Body<VerifyCode>,
) -> Result<HttpResponse, ApiError> {
    let phone = Phone::parse(&body.0.phone)?;
    let mut signed_in = verify(&req, &app, &tokens, body.0).await?;
    signed_in.user.phone = Some(phone.as_str().to_owned());
    Ok(HttpResponse::Ok().json(in_town(&app, signed_in).await?))
}

/// What somebody is to the dispatch in town, where it runs.
async fn in_town(app: &App, mut signed_in: SignedIn) -> Result<SignedInByPhone, ApiError> {
    let id: UserId = signed_in.user.id.parse().map_err(|error| ApiError::internal(&error))?;
    let (driver, passenger) = match &app.town {
        Some(_) => {
            signed_in.user.number = Some(app.database.number_of(id, app.clock.random()).await?);
            (app.database.driver(id).await?, app.database.passenger(id).await?)
        }
        None => (None, None),
    };
    let driver = driver.filter(|driver| !driver.has_left);
    let addresses = [driver.as_ref().map(|one| &one.email), passenger.as_ref().map(|one| &one.email)];
    let email = addresses.into_iter().flatten().find(|email| !email.is_empty());
    signed_in.user.email = Some(email.cloned().unwrap_or_default());
    let driver = driver.map(|driver| TownPerson { id: driver.number, name: driver.name });
    let passenger = passenger.map(|one| TownPerson { id: one.number, name: one.full_name });
    let role = match (&driver, &passenger) {
        (Some(_), _) => "driver".to_owned(),
        (None, Some(_)) => "passenger".to_owned(),
        (None, None) => signed_in.user.role.clone(),
    };
    Ok(SignedInByPhone {
        access: signed_in.access_token.clone(),
        refresh: signed_in.refresh_token.clone(),
        role,
        driver_id: driver.as_ref().map(|driver| driver.id),
        driver,
        passenger_id: passenger.as_ref().map(|passenger| passenger.id),
        passenger,
        signed_in,
    })
}

/// Signs in with the code that came. Who is new is called what they have registered as.
pub(in crate::http) async fn verify(
    req: &HttpRequest,
    app: &App,
    tokens: &Tokens,
    given: VerifyCode,
) -> Result<SignedIn, ApiError> {
    let wrong = || ApiError::unauthorized("invalid_code", "the code is wrong or no longer good");
    let VerifyCode { phone, challenge_id, code, device_token } = given;
    let (phone, now) = (Phone::parse(&phone)?, app.clock.now());
    let caller = Caller::of(req, app, tokens, &phone, device_token.as_deref()).await?;
    let code = typed::code(&code);
    let number = phone.as_str().to_owned();
    // First: anybody who cannot be served has not tried.
    let place = caller.desk().enter()?;
    let meant = app.database.try_code(number.clone(), challenge_id, caller.asker, now).await?;
    if meant.is_empty() {
        // Takes as long as a wrong code, and keeps nobody waiting who has a right one.
        drop(place);
        password::BLIND.is_of(code, None).await?;
        return Err(wrong());
    }
    let mut right = None;
    for candidate in meant {
        if place.is_of(code.clone(), Some(candidate.hash)).await? {
            right = Some(candidate.id);
            break;
        }
    }
    drop(place);
    if !app.database.use_code(right.ok_or_else(wrong)?, now).await? {
        return Err(wrong());
    }
    let fresh = UserId::new(now, app.clock.random());
    let name = match app.database.user_of_phone(&number).await? {
        Some(_) => None,
        None => app.database.registered_name(number.clone()).await?,
    };
    let name = name.unwrap_or_else(|| phone.masked());
    let (user, is_new) = app.database.upsert_phone_user(number, name, fresh, now).await?;
    let device = caller.device.or_else(|| Some(Uuid::from_bytes(rand::random())));
    sign_in(req, app, tokens, Entrance { user, is_new, shown: false, device }).await
}
