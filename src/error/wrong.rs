//! What is wrong with a request, field by field: everything at once, and not the first of it.

use actix_web::http::StatusCode;

use super::ApiError;

/// How many fields a sentence names.
const MAX_TOLD: usize = 8;

/// Collects the refusals of fields. What cannot be read is stood in for, so that the rest is looked at as
/// well.
#[derive(Debug, Default)]
pub struct Wrong(Option<ApiError>);

impl Wrong {
    /// What was read; or the stand-in, and the refusal is kept.
    pub fn or<T>(&mut self, read: Result<T, ApiError>, stand_in: T) -> T {
        read.unwrap_or_else(|refusal| {
            self.add(refusal);
            stand_in
        })
    }

    /// Keeps a refusal, unless its fields were refused before.
    pub fn add(&mut self, refusal: ApiError) {
        self.0 = Some(match self.0.take() {
            None => refusal,
            Some(known) => known.and(refusal),
        });
    }

    /// Whether this field, or something in it, was refused.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.0.as_ref().is_some_and(|refusal| refusal.names(field))
    }

    /// Whether nothing was refused.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// What was read, if all of it could be.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn finish<T>(self, read: T) -> Result<T, ApiError> {
        match self.0 {
            None => Ok(read),
            Some(refusal) => Err(refusal),
        }
    }
}

impl From<Wrong> for ApiError {
    /// Everything that is wrong; for anybody who knows that something is.
    fn from(wrong: Wrong) -> Self {
        wrong.0.unwrap_or_else(|| Self::for_status(StatusCode::UNPROCESSABLE_ENTITY))
    }
}

impl ApiError {
    /// The same of fields that stand in another one.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        self.with_names(|field| format!("{outer}.{field}"))
    }

    /// The same, with a field as the client spells it.
    #[must_use]
    pub fn renamed(self, field: &str, spelt: &str) -> Self {
        self.with_names(|known| if known == field { spelt.to_owned() } else { known })
    }

    fn with_names(mut self, name: impl Fn(String) -> String) -> Self {
        let fields = std::mem::take(&mut self.fields);
        self.fields = fields.into_iter().map(|(field, reason)| (name(field), reason)).collect();
        if let Some(meant) = &mut self.meant {
            for candidate in &mut meant.candidates {
                candidate.field = name(std::mem::take(&mut candidate.field));
            }
        }
        if !self.fields.is_empty() {
            self.message = self.in_words();
        }
        self
    }

    /// Both refusals in one. What is not about fields goes before what is; malformed goes before invalid.
    fn and(mut self, mut other: Self) -> Self {
        if self.fields.is_empty() {
            return self;
        }
        if other.fields.is_empty() {
            return other;
        }
        let mut fields = std::mem::take(&mut other.fields);
        fields.retain(|field, _| !self.names(field));
        if fields.is_empty() {
            return self;
        }
        self.fields.append(&mut fields);
        if self.code != other.code {
            let malformed = [self.status, other.status].contains(&StatusCode::BAD_REQUEST);
            (self.status, self.code) = match malformed {
                true => (StatusCode::BAD_REQUEST, "bad_request"),
                false => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            };
        }
        if let Some(mut other) = other.meant.take() {
            let meant = self.meant.get_or_insert_default();
            meant.suggestions.append(&mut other.suggestions);
            meant.candidates.append(&mut other.candidates);
        }
        self.russian = None;
        self.message = self.in_words();
        self
    }

    fn in_words(&self) -> String {
        let told = self.fields.iter().take(MAX_TOLD).map(|(field, reason)| format!("{field}: {reason}"));
        told.collect::<Vec<_>>().join("; ")
    }

    /// Whether it is about this field, something in it, or what it is in.
    fn names(&self, field: &str) -> bool {
        let is_in = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.fields.keys().any(|known| is_in(known, field) || is_in(field, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut wrong = Wrong::default();
        assert_eq!(wrong.or(Ok(7), 0), 7);
        assert_eq!(
            wrong.or(Err(ApiError::unprocessable("to", "unknown city").with_suggestions(["Казань"])), 1),
            1
        );
        wrong.add(ApiError::unprocessable("reward", "is too large"));
        wrong.add(ApiError::unprocessable("reward", "must be more than zero"));
        let refusal = wrong.finish(()).unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (422, "invalid"));
        assert_eq!(refusal.message(), "reward: is too large; to: unknown city");
        assert_eq!(refusal.problem(None).suggestions, ["Казань"]);
        let russian = refusal.told_in(crate::texts::language::Language::Russian);
        assert_eq!(russian.message(), "Вознаграждение: слишком большое число; Куда: такой город не найден");
    }

    #[test]
    fn what_was_said_of_a_field_is_not_said_again_of_what_is_in_it() {
        let mut wrong = Wrong::default();
        wrong.add(ApiError::unprocessable("pickup.lat", "must be a number"));
        wrong.add(ApiError::unprocessable("pickup", "latitude or longitude is out of range"));
        assert!(wrong.has("pickup") && !wrong.has("pick"));
        assert_eq!(wrong.finish(()).unwrap_err().message(), "pickup.lat: must be a number");
    }

    #[test]
    fn malformed_goes_before_invalid_and_an_outage_before_both() {
        let mut wrong = Wrong::default();
        wrong.add(ApiError::unprocessable("to", "unknown city"));
        wrong.add(ApiError::bad_request("malformed").with_field("a", "must be text"));
        wrong.add(ApiError::unprocessable("b", "is wrong"));
        let refusal = wrong.finish(()).unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.problem(None).fields.len()), (400, 3));
        let mut wrong = Wrong::default();
        wrong.add(refusal);
        wrong.add(ApiError::unavailable());
        wrong.add(ApiError::unprocessable("c", "is wrong"));
        assert_eq!(wrong.finish(()).unwrap_err(), ApiError::unavailable());
    }
}
