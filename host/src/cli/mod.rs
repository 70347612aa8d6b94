//! The command line: arguments, calls of the library, and output.
//!
//! Each command has a file of its own, with its arguments and the text of its result. Results go to standard output;
//! logs, progress and errors go to standard error.
//!
//! | file | content |
//! |---|---|
//! | `run`, `plan`, `status` and the others that are named like a command | one command each |
//! | `project_test`, `tested` | `test` in a project; the text of a test |
//! | `arguments`, `environment` | flags that several commands share, and `BACKFOLD_*` variables |
//! | `context` | the process of a command: signals, progress, operator |
//! | `answer`, `failure`, `output` | printing a result or an error as text or JSON |
//! | `watch`, `progress`, `logging` | progress and log lines |
//! | `table`, `partitions`, `paint` | layout of text: tables, colours; numbers and times are those of [`backfold::human`] |

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use backfold::human;
use backfold::job::JobError;
use clap::{CommandFactory, Parser, Subcommand};

mod abort;
mod answer;
mod arguments;
mod build;
mod check;
mod completions;
mod context;
mod diff;
mod doctor;
mod environment;
mod explain;
mod failure;
mod gc;
mod handoff;
mod inspect;
mod log;
mod logging;
mod merge;
mod new;
mod output;
mod paint;
mod partitions;
mod plan;
mod presence;
mod progress;
mod project_test;
mod quarantine;
mod rehearse;
mod report;
mod rollback;
mod run;
mod seal;
mod stage;
mod status;
mod swap;
mod table;
mod test;
mod tested;
mod watch;
mod worker;

use answer::Answer;
use arguments::Globals;
use context::Context;
use failure::Failure;
use output::Format;

/// Rebuild a state table from history, and swap it for the live one.
///
/// `new` makes a pipeline in a language of your choice, `test` and `build` turn it into a component.
/// A job file names an archive or Kafka topics, a WebAssembly component that folds the events into states, and a
/// table. `plan` shows what a run would do, `run` builds a new table next to the live one, `swap` makes it live,
/// `rollback` makes the previous table live again. Readers see no change before `swap`.
#[derive(Debug, Parser)]
#[command(name = "backfold", version, max_term_width = 100, after_long_help = AFTER_HELP, after_help = "See --help for exit codes and examples.")]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// The time for threads of the runtime to end before the process exits.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    failed; the same command may succeed later; after a swap: it stands, but a hook failed
  2    the command line, the job file or the environment must be changed
  3    refused: the gate failed, a hook refused the swap, the table was rolled back before, the
       component violates a law, or `test` found another table than expected
  4    another command changed the table or is building it
  42   the input or the component is faulty; the same command would fail again
  130  interrupted; the last checkpoint is kept

Environment:
  BACKFOLD_*  sets the flag with that name, and BACKFOLD_PARAM_<key> sets -p <key>=…; flags take
              precedence
  RUST_LOG    sets the log filter, such as backfold=debug; it takes precedence over -v and -q
  NO_COLOR    switches colours off
  CI          switches progress bars off

Examples:
  backfold new page-views --lang python    make a project: a pipeline with tests and a job
  backfold plan job.toml                   show the input, the cost and the names of a run
  backfold run job.toml                    build a new table; the live table does not change
  backfold report job.toml                 write a page about it, for the person who decides
  backfold swap job.toml                   make the new table live
  backfold rollback job.toml               make the previous table live again
  backfold explain BF0603                  explain an error code";

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Build(build::Build),
    Doctor(doctor::Doctor),
    Plan(plan::Plan),
    Run(run::Run),
    Stage(stage::Stage),
    Worker(worker::Worker),
    Seal(seal::Seal),
    Merge(merge::Merge),
    Status(status::Status),
    Diff(diff::Diff),
    Report(report::Report),
    Swap(swap::Swap),
    Rollback(rollback::Rollback),
    Rehearse(rehearse::Rehearse),
    Abort(abort::Abort),
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
            Command::New(_) => "new",
            Command::Build(_) => "build",
            Command::Doctor(_) => "doctor",
            Command::Plan(_) => "plan",
            Command::Run(_) => "run",
            Command::Stage(_) => "stage",
            Command::Worker(_) => "worker",
            Command::Seal(_) => "seal",
            Command::Merge(_) => "merge",
            Command::Status(_) => "status",
            Command::Diff(_) => "diff",
            Command::Report(_) => "report",
            Command::Swap(_) => "swap",
            Command::Rollback(_) => "rollback",
            Command::Rehearse(_) => "rehearse",
            Command::Abort(_) => "abort",
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
            Command::New(command) => command.execute(context).await,
            Command::Build(command) => command.execute(context).await,
            Command::Doctor(command) => command.execute(context).await,
            Command::Plan(command) => command.execute(context).await,
            Command::Run(command) => command.execute(context).await,
            Command::Stage(command) => command.execute(context).await,
            Command::Worker(command) => command.execute(context).await,
            Command::Seal(command) => command.execute(context).await,
            Command::Merge(command) => command.execute(context).await,
            Command::Status(command) => command.execute(context).await,
            Command::Diff(command) => command.execute(context).await,
            Command::Report(command) => command.execute(context).await,
            Command::Swap(command) => command.execute(context).await,
            Command::Rollback(command) => command.execute(context).await,
            Command::Rehearse(command) => command.execute(context).await,
            Command::Abort(command) => command.execute(context).await,
            Command::Gc(command) => command.execute(context).await,
            Command::Log(command) => command.execute(context).await,
            Command::Handoff(command) => command.execute(context).await,
            Command::Quarantine(command) => command.execute(context).await,
            Command::Inspect(command) => command.execute(context).await,
            Command::Check(command) => command.execute(context).await,
            Command::Test(command) => command.execute(context).await,
            Command::Explain(command) => command.execute(),
            Command::Completions(completions) => completions.execute(command()),
        }
    }
}

/// Parses the command line.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments)
}

/// Runs a command, prints its result or its error, and returns the exit code.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let name = cli.command.name();
    let context = Context::new(name, &cli.globals);
    logging::start(&cli.globals, context.bars());
    environment::warn_of_unknown(&command());
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| {
            JobError::System {
                what: "start the threads of the runtime",
                source,
            }
            .into()
        })
        .and_then(|runtime| {
            let result = runtime.block_on(async {
                context.handle_signals();
                cli.command.execute(&context).await
            });
            // A thread that is inside a C library must not meet the exit handlers of that library; but a blocked read
            // must not delay the exit for long.
            runtime.shutdown_timeout(EXIT_TIMEOUT);
            result
        });
    match result {
        Ok(answer) => answer.print(name, context.format),
        Err(error) => Failure::of(&error).print(Some(name), context.format),
    }
}

/// Prints an error in the command line, or the help text, and returns the exit code.
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

/// The definition of the whole command line.
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
            &["backfold", "abort", "01J"],
            &["backfold", "abort", "job.toml", "01J", "--wait", "1m"],
            &[
                "backfold", "handoff", "job.toml", "01J", "--format", "kafka",
            ],
        ] {
            assert!(parse(&words(line)).is_ok(), "{line:?}");
        }
        let abort = parse(&words(&["backfold", "abort", "01J"])).unwrap();
        assert!(format!("{abort:?}").contains("build: \"01J\""), "{abort:?}");
        assert!(parse(&words(&["backfold", "abort"])).is_err());
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
