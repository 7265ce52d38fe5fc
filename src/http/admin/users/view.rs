//! A person in the shape of the console.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::jobs::{self, JobView};
use crate::store::{Account, Job};
use crate::texts::language::Language;

/// Who somebody is to the desk.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum StaffRole {
    /// May do everything.
    Admin,
    /// Gives orders to couriers.
    Dispatcher,
    /// Sees what the desk sees, and changes nothing.
    Operator,
    /// A courier in town.
    Driver,
    /// Somebody who is driven in town.
    Passenger,
    /// None of these.
    User,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffUser {
    /// The number by which the desk names the person.
    id: i64,
    /// Their login, or their Telegram name, or their phone; may be empty.
    username: String,
    /// Empty where it is not known.
    pub(super) email: String,
    /// Empty where it is not known.
    pub(super) phone: String,
    #[schema(value_type = StaffRole)]
    pub(super) role: String,
    /// The role with a capital letter: a form of the console sends it back as `role`.
    role_display: String,
    /// Whether they may come in.
    is_active: bool,
    /// Whether they are of the desk.
    is_staff: bool,
    /// When they last signed in, as far as that is remembered.
    last_login: Option<String>,
    date_joined: String,
    /// The same, alone.
    groups: Vec<String>,
    /// The first letters of their names.
    initials: String,
    first_name: String,
    last_name: String,
    /// After they were shut out: what is still being called off, if that takes longer than this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
}

impl StaffUser {
    /// With what is still being called off.
    pub(super) fn with(self, job: Option<Job>) -> Self {
        Self { job: job.map(jobs::view), ..self }
    }
}

/// A person with their number.
pub(super) fn staff_user(number: i64, account: Account) -> StaffUser {
    let Account { user, login, desk_phone, email, word, last_login, .. } = account;
    let (first_name, last_name) = parts(&user.name);
    let phone = user.phone.unwrap_or(desk_phone);
    let email = match &login {
        Some(login) if login.contains('@') => login.clone(),
        _ => email,
    };
    let role = if word == "viewer" { "operator".to_owned() } else { word };
    let role_display = capital(&role);
    let initial = |name: &str| name.chars().next().map(|letter| letter.to_uppercase().to_string());
    StaffUser {
        id: number,
        username: login.or(user.username).unwrap_or_else(|| phone.clone()),
        email,
        phone,
        role,
        groups: vec![role_display.clone()],
        role_display,
        is_active: user.blocked_at.is_none(),
        is_staff: user.role.is_operator(),
        last_login: last_login.map(|at| at.to_string()),
        date_joined: user.created_at.to_string(),
        initials: [initial(&first_name), initial(&last_name)].into_iter().flatten().collect(),
        first_name,
        last_name,
        job: None,
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The first word of a name, and the rest.
pub(super) fn parts(name: &str) -> (String, String) {
    let (first, last) = name.trim().split_once(char::is_whitespace).unwrap_or((name.trim(), ""));
    (first.to_owned(), last.trim().to_owned())
}

/// A role in words.
pub(super) fn display(word: &str, language: Language) -> String {
    let (russian, english) = match word {
        "admin" => ("Администратор", "Administrator"),
        "dispatcher" => ("Диспетчер", "Dispatcher"),
        "viewer" | "operator" => ("Оператор", "Operator"),
        "driver" => ("Водитель", "Driver"),
        "passenger" => ("Пассажир", "Passenger"),
        _ => ("Пользователь", "User"),
    };
    language.choose(russian.to_owned(), english.to_owned())
}

/// What was done, in words.
pub(super) fn action(word: &str, language: Language) -> String {
    let (russian, english) = match word {
        "created" => ("Учётная запись создана", "The account was made"),
        "renamed" => ("Имя или телефон изменены", "The name or the phone was changed"),
        "role_changed" => ("Роль изменена", "The role was changed"),
        "blocked" => ("Вход закрыт", "Shut out"),
        "unblocked" => ("Вход открыт", "Let in again"),
        "password_reset" => ("Пароль изменён", "The password was changed"),
        "second_factor_removed" => ("Второй фактор снят", "The second factor was removed"),
        _ => ("Учётная запись удалена", "The account was deleted"),
    };
    language.choose(russian.to_owned(), english.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_first_word_and_a_rest() {
        let parts = |name| super::parts(name);
        assert_eq!(parts("Анна"), ("Анна".to_owned(), String::new()));
        assert_eq!(parts(" Анна  Мария Иванова "), ("Анна".to_owned(), "Мария Иванова".to_owned()));
    }

    #[test]
    fn everything_is_said_in_both_languages() {
        for word in ["admin", "dispatcher", "viewer", "driver", "passenger", "user"] {
            assert_ne!(display(word, Language::Russian), display(word, Language::English), "{word}");
        }
        assert_eq!(action("blocked", Language::English), "Shut out");
    }
}
