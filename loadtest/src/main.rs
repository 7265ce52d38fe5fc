//! The `peerpack-loadtest` command: plays a marketplace against a running server, open-loop, and judges what
//! the server said. Exit code 0 only if every promise and every threshold held; 1 if not; 2 if the run could
//! not take place; 3 if the load generator was late, so that the run says nothing.

use std::process::ExitCode;

use clap::Parser;
use peerpack_loadtest::cli::{Command, Options};
use peerpack_loadtest::{compare, crowd, dispatch, export, idle, knee, list, run, slow};

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(options.threads()).enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(work(options)));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("peerpack-loadtest: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Does what is asked. The exit code.
async fn work(options: Options) -> anyhow::Result<u8> {
    let ordinary = options.ordinary();
    Ok(match options.command {
        None => run::run(ordinary).await?.code(),
        Some(Command::Run(options)) => run::run(options).await?.code(),
        Some(Command::List(options)) => list::run(&options).map(|()| 0)?,
        Some(Command::Compare(options)) => u8::from(!compare::run(&options)?),
        Some(Command::FindKnee(options)) => knee::run(options).await?.code(),
        Some(Command::ExportK6(options)) => export::run(&options).map(|()| 0)?,
        Some(Command::Idle(options)) => idle::run(options).await.map(|_| 0)?,
        Some(Command::Slow(options)) => slow::run(options).await.map(|_| 0)?,
        Some(Command::Dispatch(options)) => u8::from(!dispatch::run(options).await?),
        Some(Command::Crowd(options)) => crowd::run(options).await.map(|()| 0)?,
    })
}
