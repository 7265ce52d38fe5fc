//! The `peerpack-loadtest` command: plays a marketplace against a running server, open-loop, and judges what
//! the server said. Exit code 0 only if no invariant was broken.

use std::process::ExitCode;

use clap::Parser;
use peerpack_loadtest::{cli, idle, run, slow};

fn main() -> ExitCode {
    let options = cli::Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads.get())
        .enable_all()
        .build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| match options.command.clone() {
        Some(cli::Command::Idle(options)) => runtime.block_on(idle::run(options)),
        Some(cli::Command::Slow(options)) => runtime.block_on(slow::run(options)),
        None => runtime.block_on(run::run(options)),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("peerpack-loadtest: {error:#}");
            ExitCode::from(2)
        }
    }
}
