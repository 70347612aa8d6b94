//! The command line: its words, and how they become calls of the library.
//!
//! Each command is a file of its own that says what it takes and shows what the library gives back. The
//! result goes to standard output, all talk to standard error. [`answer`] prints results, [`failure`]
//! errors, [`watch`] progress; [`table`] and [`human`] lay them out.

use std::ffi::OsString;
use std::process::ExitCode;

use backfold::job::JobError;
use clap::{CommandFactory, Parser, Subcommand};

mod answer;
mod arguments;
mod check;
mod completions;
mod context;
mod diff;
mod environment;
mod explain;
mod failure;
mod gc;
mod handoff;
mod human;
mod inspect;
mod log;
mod logging;
mod output;
mod paint;
mod partitions;
mod plan;
mod progress;
mod quarantine;
mod rollback;
mod run;
mod status;
mod swap;
mod table;
mod test;
mod watch;

use answer::Answer;
use arguments::Globals;
use context::Context;
use failure::Failure;
use output::Format;

/// Rebuild a state table from history, and swap it for the live one.
///
/// A job file names an archive, a WebAssembly component that folds its events into states, and a table.
/// `plan` shows what would be done, `run` does it beside the live table, `swap` makes the result live,
/// `rollback` takes that back. Nothing that readers see changes before `swap`.
#[derive(Debug, Parser)]
#[command(name = "backfold", version, max_term_width = 100, after_long_help = AFTER_HELP, after_help = "See --help for exit codes and examples.")]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    failed; the same command may succeed later
  2    the command line, the job file or the environment has to be changed
  3    refused: the gate does not hold, the table was rolled back before, the component breaks a law,
       a test finds another table
  4    somebody else changed or is building the table
  42   the input or the component is faulty; the same command fails again
  130  interrupted; what was checkpointed is kept

Environment:
  BACKFOLD_*  stands for the flag of that name, which goes over it; BACKFOLD_PARAM_<key> for -p <key>=…
  RUST_LOG    what is logged, such as backfold=debug; goes over -v and -q
  NO_COLOR    no colours; CI: no bars

Examples:
  backfold plan job.toml                   what would be read, built and touched
  backfold run job.toml                    build it; stop before anything live changes
  backfold swap job.toml                   make it live
  backfold rollback job.toml               make the build before it live again
  backfold explain BF0603                  what an error means";

#[derive(Debug, Subcommand)]
enum Command {
    Plan(plan::Plan),
    Run(run::Run),
    Status(status::Status),
    Diff(diff::Diff),
    Swap(swap::Swap),
    Rollback(rollback::Rollback),
    Gc(gc::Gc),
    Log(log::Log),
    Handoff(handoff::Handoff),
    Quarantine(quarantine::Quarantine),
    Inspect(inspect::Inspect),
    Check(check::Check),
    Test(test::Test),
    Explain(explain::Explain),
    Completions(completions::Completions),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Command::Plan(_) => "plan",
            Command::Run(_) => "run",
            Command::Status(_) => "status",
            Command::Diff(_) => "diff",
            Command::Swap(_) => "swap",
            Command::Rollback(_) => "rollback",
            Command::Gc(_) => "gc",
            Command::Log(_) => "log",
            Command::Handoff(_) => "handoff",
            Command::Quarantine(_) => "quarantine",
            Command::Inspect(_) => "inspect",
            Command::Check(_) => "check",
            Command::Test(_) => "test",
            Command::Explain(_) => "explain",
            Command::Completions(_) => "completions",
        }
    }

    async fn execute(self, context: &Context) -> anyhow::Result<Answer> {
        match self {
            Command::Plan(command) => command.execute(context).await,
            Command::Run(command) => command.execute(context).await,
            Command::Status(command) => command.execute(context).await,
            Command::Diff(command) => command.execute(context).await,
            Command::Swap(command) => command.execute(context).await,
            Command::Rollback(command) => command.execute(context).await,
            Command::Gc(command) => command.execute(context).await,
            Command::Log(command) => command.execute(context).await,
            Command::Handoff(command) => command.execute(context).await,
            Command::Quarantine(command) => command.execute(context).await,
            Command::Inspect(command) => command.execute(context),
            Command::Check(command) => command.execute(context).await,
            Command::Test(command) => command.execute(context).await,
            Command::Explain(command) => command.execute(),
            Command::Completions(completions) => completions.execute(command()),
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments)
}

/// Runs a command and prints what came of it; gives the exit code.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let context = Context::new(&cli.globals);
    logging::start(&cli.globals, context.bars());
    environment::warn_of_unknown(&command());
    let name = cli.command.name();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| {
            JobError::System {
                what: "start the threads that read and wait",
                source,
            }
            .into()
        })
        .and_then(|runtime| {
            let result = runtime.block_on(async {
                context.obey_signals();
                cli.command.execute(&context).await
            });
            // A read that hangs must not hold up the exit of a run that is over.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(answer) => answer.print(name, context.format),
        Err(error) => Failure::of(&error).print(Some(name), context.format),
    }
}

/// Prints what is wrong with the command line, or the help that was asked for; gives the exit code.
pub(crate) fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let format = Format::guess(arguments);
    if !error.use_stderr() || format == Format::Text {
        let code = ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        return match error.print() {
            Err(failed) if failed.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
            _ => code,
        };
    }
    let message = error.to_string();
    let message = message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    Failure::of(&JobError::CommandLine { message }.into()).print(None, format)
}

/// The description of the whole command line, for shells.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in command()
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
        {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains(&format!("backfold {}", command.get_name())),
                "{}",
                command.get_name()
            );
        }
    }

    #[test]
    fn the_job_is_the_first_argument_and_has_a_default() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        for line in [
            &["backfold", "run"][..],
            &["backfold", "swap", "job.toml", "01J"],
            &["backfold", "gc", "--keep", "3"],
            &[
                "backfold", "handoff", "job.toml", "01J", "--format", "kafka",
            ],
        ] {
            assert!(parse(&words(line)).is_ok(), "{line:?}");
        }
        assert!(parse(&words(&["backfold", "run", "--workers", "many"])).is_err());
        assert!(parse(&words(&["backfold", "run", "-p", "novalue"])).is_err());
        assert!(
            parse(&words(&[
                "backfold", "plan", "--range", "-10:", "-X", "a=b"
            ]))
            .is_ok()
        );
        assert!(
            parse(&words(&[
                "backfold", "plan", "--range", "1:", "--from", "1"
            ]))
            .is_err()
        );
    }
}
