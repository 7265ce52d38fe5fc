//! Phone numbers and the codes that are sent to them.

mod number;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use peerpack_actors::time::Span;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::ApiError;

pub use number::Phone;

/// How long a code is good.
pub const CODE_TTL: Span = Span::minutes(5);

/// The most digits of a code.
const MAX_DIGITS: u32 = 10;

/// A code of so many digits, ten at most, made of random bytes.
#[must_use]
pub fn code(random: u64, digits: u32) -> String {
    let digits = digits.min(MAX_DIGITS);
    // 2^64 is so much more than 10^10 that no code is noticeably likelier than another.
    format!("{:0width$}", random % 10_u64.pow(digits), width = digits as usize)
}

/// The way of a code to its phone.
#[async_trait]
pub trait CodeSender: Send + Sync + 'static {
    /// Sends a code, or says that it cannot.
    ///
    /// # Errors
    /// The code was not sent.
    async fn send(&self, phone: &Phone, code: &str) -> Result<(), ApiError>;
}

/// Writes codes into the log. For development only: anybody who reads the log is everybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogSender;

#[async_trait]
impl CodeSender for LogSender {
    async fn send(&self, phone: &Phone, code: &str) -> Result<(), ApiError> {
        tracing::info!(phone = phone.as_str(), code, "a code for signing in (development only)");
        Ok(())
    }
}

/// Sends nothing: no way is configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSender;

#[async_trait]
impl CodeSender for NoSender {
    async fn send(&self, _: &Phone, _: &str) -> Result<(), ApiError> {
        Err(ApiError::forbidden("signing in by phone is not set up here"))
    }
}

/// Programs that run at once: each holds a thread, and one that hangs holds it for [`ENDED_AFTER`].
const AT_ONCE: usize = 16;

/// How long a program may take.
const ENDED_AFTER: Duration = Duration::from_secs(10);

/// How often a program is looked after.
const ROUND: Duration = Duration::from_millis(100);

/// Places of programs, in the whole process.
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Runs a program for each code: the number is its argument, the code its input.
#[derive(Debug, Clone)]
pub struct CommandSender(pub PathBuf);

#[async_trait]
impl CodeSender for CommandSender {
    async fn send(&self, phone: &Phone, code: &str) -> Result<(), ApiError> {
        let Ok(place) = PLACES.try_acquire() else {
            tracing::error!("a code was not sent: {AT_ONCE} programs are still at it");
            return Err(ApiError::unavailable());
        };
        let (program, phone, code) = (self.0.clone(), phone.as_str().to_owned(), code.to_owned());
        let sent = tokio::task::spawn_blocking(move || {
            // Whether or not anybody waits for it.
            let _place = place;
            run(&program, &phone, &code)
        });
        match sent.await {
            Ok(Ok(true)) => Ok(()),
            outcome => {
                tracing::error!(?outcome, "a code was not sent");
                Err(ApiError::unavailable())
            }
        }
    }
}

fn run(program: &Path, phone: &str, code: &str) -> std::io::Result<bool> {
    let mut child = Command::new(program)
        .arg(phone)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A program may end without reading its input; its status says how it went.
        let _ = input.write_all(code.as_bytes());
    }
    let begun = Instant::now();
    while begun.elapsed() < ENDED_AFTER {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        std::thread::sleep(ROUND);
    }
    child.kill()?;
    child.wait()?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_as_many_digits_as_they_should() {
        assert_eq!((code(7, 6), code(1_234_567, 6)), ("000007".to_owned(), "234567".to_owned()));
        assert_eq!((code(7, 8), code(u64::MAX, 10).len()), ("00000007".to_owned(), 10));
    }

    #[actix_web::test]
    async fn without_a_way_nothing_is_sent() {
        let phone = Phone::parse("+79001234567").unwrap();
        assert_eq!(NoSender.send(&phone, "1").await.unwrap_err().status(), 403);
        assert!(CommandSender("/bin/true".into()).send(&phone, "1").await.is_ok());
        assert_eq!(CommandSender("/bin/false".into()).send(&phone, "1").await.unwrap_err().status(), 503);
    }
    #[actix_web::test]
    async fn f48_a_program_that_hangs_is_ended_and_only_some_are_waited_for() {
        use std::os::unix::fs::PermissionsExt;

        use futures_util::future::join_all;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("send");
        std::fs::write(&program, "#!/bin/sh\necho $$ >> \"$0.pids\"\nexec sleep 600\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (sender, phone) = (CommandSender(program.clone()), Phone::parse("+79001234567").unwrap());
        let sent = join_all((0..AT_ONCE + 4).map(|_| sender.send(&phone, "123456"))).await;
        assert!(sent.iter().all(|sent| sent.as_ref().is_err_and(|error| error.status() == 503)), "{sent:?}");
        let pids = std::fs::read_to_string(program.with_extension("pids")).unwrap();
        assert_eq!(pids.lines().count(), AT_ONCE);
        assert!(!pids.lines().any(|pid| Path::new("/proc").join(pid).exists()), "they are ended");
        assert_eq!(PLACES.available_permits(), AT_ONCE);
    }
}
