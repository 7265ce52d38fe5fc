//! The `peerpack` command.

use std::process::ExitCode;

use clap::Parser;
use peerpack::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peerpack: {error:#}");
            ExitCode::FAILURE
        }
    }
}
