//! The command line: parse, run, print what came of it, exit.

use std::process::ExitCode;

mod cli;

/// Worker threads allocate and free batches all the time: mimalloc does that without a shared lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match cli::parse(&arguments) {
        Ok(command) => cli::run(command),
        Err(refusal) => cli::refuse(&refusal, &arguments),
    }
}
