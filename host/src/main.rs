//! The command `backfold`: parses the command line, runs the command, and exits with its code.

use std::process::ExitCode;

mod cli;

/// Worker threads allocate and free batches constantly. mimalloc does this without a shared lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match cli::parse(&arguments) {
        Ok(command) => cli::run(command),
        Err(refusal) => cli::refuse(&refusal, &arguments),
    }
}
