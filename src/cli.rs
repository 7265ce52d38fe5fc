//! The commands of the binary. Each one reads the configuration and calls one part of the server.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use peerpack_actors::money::payment::Method;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::{Span, Time};

use crate::app::SystemClock;
use crate::auth::telegram::{self, TelegramUser};
use crate::bot::webhook_url;
use crate::client::listen;
use crate::config::{Config, Settings};
use crate::startup::{self, Application};
use crate::telegram::{Answer, HttpApi, Outgoing, Telegram};
use crate::texts::bot::Say;
use crate::texts::language::Language;
use crate::{demo, http, supervise, telemetry, top};

/// The seed of the demo world: everybody sees the same one.
const DEMO_SEED: u64 = 2026;

/// Realtime matching engine and backend for peer-to-peer courier delivery.
#[derive(Parser, Debug)]
#[command(name = "peerpack", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the API and the sockets
    Serve(Box<Settings>),
    /// Serve, in a process of its own that can be replaced without refusing a request: on SIGHUP
    Supervise(Box<Settings>),
    /// Serve a world of couriers, trips and packages that keeps moving, and print a walk through it
    Demo(Box<Settings>),
    /// Bring the database's schema up to date
    Migrate(Box<Settings>),
    /// Say that an older copy of the data was restored: clients load everything anew. To be called before the
    /// server starts
    Restored(Box<Settings>),
    /// Compare the books with a provider's list; a difference keeps money from going out until a comparison
    /// finds none
    Reconcile(Reconcile),
    /// Let an operator in who stands before the door
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Tell Telegram how the bot hears of updates, or try it out
    #[command(subcommand)]
    Bot(BotCommand),
    /// Print init data signed with the configured bot token, as Telegram would hand it to the Mini App
    Initdata(InitData),
    /// Print what a user's socket says
    Listen(Listen),
    /// Show how a node is right now, in the terminal, from its metrics
    Top(Top),
    /// Print the OpenAPI document
    Openapi,
    /// Print the JSON Schema of the socket's messages
    Schema,
    /// Print the version
    Version,
}

#[derive(Subcommand, Debug)]
enum OperatorCommand {
    /// Print a link that signs an operator in, once, within ten minutes, no matter who guesses at the
    /// password meanwhile
    Link(OperatorLink),
}

#[derive(Subcommand, Debug)]
enum BotCommand {
    /// Have updates sent to the public URL of the server
    SetWebhook(Box<Settings>),
    /// Show what Telegram says of the webhook, and who the bot is
    Info(Box<Settings>),
    /// Have updates kept until they are asked for
    Delete(Box<Settings>),
    /// Send a message to a Telegram account that has started the bot
    Test(BotTest),
}

#[derive(Args, Debug)]
struct BotTest {
    /// The Telegram account
    #[arg(long)]
    chat: i64,
    #[command(flatten)]
    settings: Box<Settings>,
}

#[derive(Args, Debug)]
struct Reconcile {
    /// Whose list: manual, webhook, telegram or stars
    #[arg(long, default_value = "webhook", value_parser = payment_method)]
    method: Method,
    /// The list as a file, CSV with charge_id, amount_minor, currency, refunded_minor and charged_back_minor;
    /// the provider is asked without it
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What was charged in so many days, until now
    #[arg(long, default_value_t = 3)]
    days: u16,
    /// Instead of --days, of the right file after a wrong one: it has all the time in which the books did not
    /// agree
    #[arg(long, requires = "file")]
    again: bool,
    #[command(flatten)]
    settings: Box<Settings>,
}

fn payment_method(word: &str) -> Result<Method, String> {
    Method::from_word(word)
        .ok_or_else(|| format!("must be one of {}", Method::ALL.map(Method::word).join(", ")))
}

/// How many days a list has to have for that time, if it comes within an hour: it ends, and so begins, when
/// it is compared.
fn days_between(since: Time, at: Time) -> i64 {
    let (long, a_day) = (at.since(since).ms() + Span::hours(1).ms(), Span::days(1).ms());
    (long + a_day - 1) / a_day
}

#[derive(Args, Debug)]
struct OperatorLink {
    /// The name they sign in with
    #[arg(long)]
    login: String,
    /// Take a second factor away that was lost together with its recovery codes
    #[arg(long)]
    forget_second_factor: bool,
    #[command(flatten)]
    settings: Box<Settings>,
}

#[derive(Args, Debug)]
struct InitData {
    /// The Telegram account
    #[arg(long)]
    user: i64,
    /// First name
    #[arg(long)]
    name: String,
    /// Last name
    #[arg(long)]
    last_name: Option<String>,
    /// Telegram name, without @
    #[arg(long)]
    username: Option<String>,
    /// Language tag
    #[arg(long, default_value = "ru")]
    language: String,
    #[command(flatten)]
    settings: Box<Settings>,
}

#[derive(Args, Debug)]
struct Listen {
    /// An access token
    #[arg(long, env = "PEERPACK_TOKEN", hide_env_values = true)]
    token: String,
    /// Where the socket is
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    url: String,
    /// End after so many events
    #[arg(long)]
    count: Option<usize>,
}

#[derive(Args, Debug)]
struct Top {
    /// Where the node serves its metrics
    #[arg(long, default_value = "http://127.0.0.1:9464/metrics")]
    url: String,
    /// Seconds from one page to the next
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    every: u32,
    /// End after so many pages
    #[arg(long)]
    count: Option<usize>,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve(settings) => {
                let application = Application::build(prepare(*settings)?).await?;
                tracing::info!(address = %application.address(), "listening");
                invite_first_admin(&application).await?;
                application.run_until_stopped().await.context("the server failed")
            }
            Command::Supervise(settings) => {
                let mut arguments = std::env::args_os();
                let program = arguments.next().context("the program has no name")?;
                let arguments = std::iter::once("serve".into()).chain(arguments.skip(1)).collect();
                supervise::run(prepare(*settings)?.listen, program, arguments).await
            }
            Command::Demo(settings) => run_demo(prepare(*settings)?).await,
            Command::Migrate(settings) => startup::migrate(&prepare(*settings)?).await,
            Command::Restored(settings) => startup::restored(&prepare(*settings)?).await,
            Command::Reconcile(reconcile) => {
                let Reconcile { method, file, days, again, settings } = reconcile;
                let config = prepare(*settings)?;
                let found = startup::reconcile(&config, method, file.as_deref(), days, again).await?;
                println!("{} charges compared, {} differences", found.compared, found.differences);
                for example in &found.examples {
                    println!("  {example}");
                }
                let days = days_between(found.since, found.at);
                anyhow::ensure!(
                    found.differences == 0,
                    "the books do not agree with the list of the time since {}: no money goes out. A list of all \
                     that time clears it: --days {days}; or, if the file was wrong, the right one of that time \
                     with --again",
                    found.since
                );
                Ok(())
            }
            Command::Operator(OperatorCommand::Link(link)) => {
                let config = prepare(*link.settings)?;
                let command = startup::operator_link(&config, &link.login, link.forget_second_factor).await?;
                println!(
                    "This signs {} in, once, within ten minutes (add \"code\" for the second factor):\n  {command}",
                    link.login
                );
                Ok(())
            }
            Command::Bot(command) => command.run().await,
            Command::Initdata(data) => {
                println!("{}", data.sign()?);
                Ok(())
            }
            Command::Listen(listen) => listen::run(&listen.url, &listen.token, listen.count).await,
            Command::Top(top) => top::run(&top.url, Duration::from_secs(top.every.into()), top.count).await,
            Command::Openapi => {
                println!("{}", http::openapi::document().to_pretty_json()?);
                Ok(())
            }
            Command::Schema => {
                println!("{:#}", crate::ws::wire::schema());
                Ok(())
            }
            Command::Version => {
                println!("peerpack {}", env!("CARGO_PKG_VERSION"));
                Ok(())
            }
        }
    }
}

impl BotCommand {
    async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::SetWebhook(settings) => {
                let (config, telegram) = bot(*settings)?;
                let url = webhook_url(&config);
                anyhow::ensure!(url.starts_with("https://"), "public_url has to be https://host");
                done(telegram.set_webhook(&url, config.bot.webhook_secret.reveal()).await)?;
                println!("Telegram sends updates to {url}");
            }
            Self::Info(settings) => {
                let (_, telegram) = bot(*settings)?;
                println!("@{}", done(telegram.me().await)?.username);
                println!("{:#}", done(telegram.webhook_info().await)?);
            }
            Self::Delete(settings) => {
                let (_, telegram) = bot(*settings)?;
                done(telegram.delete_webhook().await)?;
                println!("Telegram keeps updates until they are asked for");
            }
            Self::Test(test) => {
                let (_, telegram) = bot(*test.settings)?;
                let message = Outgoing::plain(Say::Test.told_in(Language::Russian));
                let sent = done(telegram.send(test.chat, &message).await)?;
                println!("sent as message {}", sent.message_id);
            }
        }
        Ok(())
    }
}

/// The bot of the configuration, whatever its mode is.
fn bot(settings: Settings) -> anyhow::Result<(Config, Telegram)> {
    let config = prepare(settings)?;
    let telegram = Telegram::new(HttpApi::at(&config.bot.api_url, config.bot_token.reveal())?);
    Ok((config, telegram))
}

fn done<T>(answer: Answer<T>) -> anyhow::Result<T> {
    match answer {
        Answer::Done(done) => Ok(done),
        Answer::Refused(refusal) => anyhow::bail!("Telegram does not do it: {refusal}"),
        Answer::Unsent(why) | Answer::Unknown(why) => {
            anyhow::bail!("nobody knows what has become of it: {why}")
        }
    }
}

impl InitData {
    fn sign(self) -> anyhow::Result<String> {
        let config = load(*self.settings)?;
        let user = TelegramUser {
            id: self.user,
            first_name: self.name,
            last_name: self.last_name,
            username: self.username,
            language_code: Some(self.language),
            photo_url: None,
            is_premium: None,
        };
        Ok(telegram::sign(&user, config.bot_token.reveal(), SystemClock.now()))
    }
}

async fn run_demo(mut config: Config) -> anyhow::Result<()> {
    demo::check(&config).await?;
    config.is_demo = true;
    let application = Application::build(config).await?;
    let app = application.app();
    let world = demo::populate(&app, DEMO_SEED).await?;
    let address = format!("http://{}", application.address());
    println!("The demo is running. Open {address} in a browser: two phones, one market.\n");
    println!("{}", demo::walk(&address));
    invite_first_admin(&application).await?;
    actix_web::rt::spawn(demo::live(app, world));
    application.run_until_stopped().await.context("the server failed")
}

async fn invite_first_admin(application: &Application) -> anyhow::Result<()> {
    if let Some(command) = application.first_admin_command().await? {
        println!(
            "There is no administrator yet. This makes one, once, within a day (a password has 12 characters or more):\n  {command}"
        );
    }
    Ok(())
}

fn prepare(settings: Settings) -> anyhow::Result<Config> {
    let config = load(settings)?;
    telemetry::init_logs(&config.log, config.log_format)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

fn load(settings: Settings) -> anyhow::Result<Config> {
    Ok(Config::load(settings, std::env::vars())?)
}
