//! Hooks: commands of the user before and after a swap.
//!
//! A hook is a program with arguments. It runs in the folder of the job file, in a process group of its own, and gets the
//! facts of the swap as JSON on its standard input and the main ones in its environment. The last 64 KiB of each of its
//! streams are kept, and written into the folder of the build.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::hook_log::{self, Said};
use super::verdict::Check;
use crate::guest::Details;
use crate::process::{Group, Over, Reading};
use crate::source::Handoff;
use crate::store::Version;
use crate::units;

/// The default of [`HookOptions::timeout`].
const TIMEOUT: Duration = Duration::from_secs(60);

/// The bytes of each stream of a hook that are kept.
const KEPT_BYTES: usize = 64 << 10;

/// The lines of a hook's output that its failure shows.
const SHOWN_LINES: usize = 10;

/// The most bytes of such a line that are shown.
const SHOWN_BYTES: usize = 200;

/// How a hook ended that was interrupted.
const INTERRUPTED: &str = "was interrupted";

/// The `[hooks]` section of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookOptions {
    /// The commands that run right before a swap. Each of them can refuse it.
    #[serde(skip_serializing_if = "Commands::is_empty")]
    pub before_swap: Commands,
    /// The commands that run right after a swap.
    #[serde(skip_serializing_if = "Commands::is_empty")]
    pub after_swap: Commands,
    /// The most time that each command may take.
    #[serde(with = "units::duration")]
    pub timeout: Duration,
}

impl Default for HookOptions {
    fn default() -> Self {
        HookOptions {
            before_swap: Commands::default(),
            after_swap: Commands::default(),
            timeout: TIMEOUT,
        }
    }
}

/// Commands that run one after another; each is a program and its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Commands(Vec<Vec<String>>);

impl Commands {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Commands {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl TryFrom<Value> for Commands {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let wanted = "expected a command as a list of words, such as [\"./tell\", \"--all\"], or a list of such lists";
        let is_words = |value: &Value| {
            value
                .as_array()
                .is_some_and(|all| all.iter().all(Value::is_string))
        };
        let value = match is_words(&value) {
            true if value.as_array().is_some_and(Vec::is_empty) => return Ok(Commands::default()),
            true => Value::Array(vec![value]),
            false => value,
        };
        let commands: Vec<Vec<String>> =
            serde_json::from_value(value).map_err(|_| wanted.to_owned())?;
        match commands
            .iter()
            .any(|words| words.first().is_none_or(String::is_empty))
        {
            true => Err(format!("a command has no program; {wanted}")),
            false => Ok(Commands(commands)),
        }
    }
}

/// The moment of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookEvent {
    /// Right before the swap: a failure refuses it.
    BeforeSwap,
    /// Right after the swap: a failure does not undo it.
    AfterSwap,
}

impl HookEvent {
    /// The name of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            HookEvent::BeforeSwap => "before_swap",
            HookEvent::AfterSwap => "after_swap",
        }
    }
}

/// The facts that a hook gets.
#[derive(Clone, Debug, Serialize)]
pub struct HookFacts {
    /// The moment.
    pub event: HookEvent,
    /// The command of backfold: `run`, `swap`, `rollback` or `rehearse`.
    pub command: &'static str,
    /// The public name of the table.
    pub table: String,
    /// Before a swap, the build that is about to go live; after it, the live build.
    pub build: String,
    /// The build that readers saw before; `None` where there was none.
    pub previous: Option<String>,
    /// The version of the pointer that shows `build`: before a swap, the one that it is going to have.
    pub version: Version,
    /// The name of the table of `build`.
    pub shadow: String,
    /// Its rows; `None` where the store does not say.
    pub rows: Option<u64>,
    /// The digest of its rows.
    pub digest: Option<String>,
    /// The checks of the gate, where this command made them.
    pub gate: Option<Vec<Check>>,
    /// The counts of the difference to the table that was live, where they are known.
    pub diff: Option<Value>,
    /// The user or program that swaps.
    pub operator: String,
    /// The store, without secrets.
    pub target: String,
    /// The positions from which a live consumer goes on after `build`.
    pub handoff: Option<Handoff>,
}

impl HookFacts {
    /// The main facts as variables of the environment. Their prefix is none of the flags of backfold, so that a hook may
    /// call backfold.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let number = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
        vec![
            ("BACKFOLD_HOOK_EVENT", self.event.name().to_owned()),
            ("BACKFOLD_HOOK_COMMAND", self.command.to_owned()),
            ("BACKFOLD_HOOK_TABLE", self.table.clone()),
            ("BACKFOLD_HOOK_BUILD", self.build.clone()),
            (
                "BACKFOLD_HOOK_PREVIOUS",
                self.previous.clone().unwrap_or_default(),
            ),
            ("BACKFOLD_HOOK_VERSION", self.version.to_string()),
            ("BACKFOLD_HOOK_SHADOW", self.shadow.clone()),
            ("BACKFOLD_HOOK_ROWS", number(self.rows)),
            (
                "BACKFOLD_HOOK_DIGEST",
                self.digest.clone().unwrap_or_default(),
            ),
            ("BACKFOLD_HOOK_OPERATOR", self.operator.clone()),
            ("BACKFOLD_HOOK_TARGET", self.target.clone()),
        ]
    }
}

/// A hook that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{command}` {how}{}", kept(log.as_deref()))]
pub struct HookFailure {
    /// The moment.
    pub event: HookEvent,
    /// The program and its arguments.
    pub command: String,
    /// How it ended, in words that follow the command.
    pub how: String,
    /// Whether it was ended since the command was interrupted.
    pub is_interrupted: bool,
    /// The file with its output, where it could be kept.
    pub log: Option<PathBuf>,
    /// The last lines of its output.
    #[source]
    pub said: Option<Details>,
}

fn kept(log: Option<&Path>) -> String {
    log.map_or_else(String::new, |log| {
        format!("; its output is in {}", log.display())
    })
}

/// Where hooks run, and where their output is kept.
#[derive(Clone, Debug)]
pub struct HookPlace {
    /// The folder of the job file: relative programs are found in it, and hooks run in it.
    pub folder: PathBuf,
    /// The folder for output; `None` where the build has no folder on this machine.
    pub logs: Option<PathBuf>,
}

/// Runs the hooks of the event of `facts`, one after another, up to the first that fails.
///
/// # Errors
/// The failure of a hook: another exit status than 0, a signal, the time limit, no start, an interruption.
pub async fn run_hooks(
    options: &HookOptions,
    facts: HookFacts,
    place: &HookPlace,
    cancel: &CancellationToken,
) -> Result<(), Box<HookFailure>> {
    let commands = match facts.event {
        HookEvent::BeforeSwap => &options.before_swap,
        HookEvent::AfterSwap => &options.after_swap,
    };
    for (number, words) in (1..).zip(&commands.0) {
        let hook = Hook {
            words: words.clone(),
            number,
            facts: facts.clone(),
            place: place.clone(),
            timeout: options.timeout,
            cancel: cancel.clone(),
        };
        let done = tokio::task::spawn_blocking(move || hook.run()).await;
        match done {
            Ok(done) => done?,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only a runtime that is shutting down cancels a blocking task.
                Err(_) => {
                    return Err(Box::new(HookFailure {
                        event: facts.event,
                        command: words.join(" "),
                        how: INTERRUPTED.to_owned(),
                        is_interrupted: true,
                        log: None,
                        said: None,
                    }));
                }
            },
        }
    }
    Ok(())
}

/// One command of one event.
struct Hook {
    words: Vec<String>,
    /// Its place among the commands of the event, from 1.
    number: usize,
    facts: HookFacts,
    place: HookPlace,
    timeout: Duration,
    cancel: CancellationToken,
}

impl Hook {
    fn run(self) -> Result<(), Box<HookFailure>> {
        let began = Instant::now();
        tracing::info!(
            command = self.words.join(" "),
            event = self.facts.event.name(),
            "running a hook"
        );
        let mut said = Said::default();
        let result = self.end(&mut said);
        let took = began.elapsed();
        let (how, is_interrupted) = match result {
            Ok((Over::Ended, status)) if status.success() => (None, false),
            Ok((Over::Ended, status)) => (Some(ended(status)), false),
            Ok((Over::Late, _)) => {
                let limit = humantime::format_duration(self.timeout);
                (
                    Some(format!("did not end within {limit}, and was ended")),
                    false,
                )
            }
            Ok((Over::Cancelled, _)) => (Some(INTERRUPTED.to_owned()), true),
            Err(error) => (Some(format!("cannot be started: {error}")), false),
        };
        let command = self.words.join(" ");
        let log = self.place.logs.as_deref().and_then(|logs| {
            let head = format!(
                "$ {command}\n{} of build {}: {} after {took:.1?}\n",
                self.facts.event.name(),
                self.facts.build,
                how.as_deref().unwrap_or("ended with success"),
            );
            let name = format!("{}-{}", self.facts.event.name(), self.number);
            hook_log::write(logs, &name, &head, &said)
                .inspect_err(|error| tracing::warn!(%error, command, "the output of a hook could not be kept"))
                .ok()
        });
        let Some(how) = how else { return Ok(()) };
        Err(Box::new(HookFailure {
            event: self.facts.event,
            command,
            how,
            is_interrupted,
            log,
            said: Details::new(said.last_lines(SHOWN_LINES, SHOWN_BYTES), None),
        }))
    }

    /// Runs the program to its end.
    fn end(&self, said: &mut Said) -> std::io::Result<(Over, ExitStatus)> {
        let mut command = self.command()?;
        let mut group = Group::start(&mut command)?;
        if let Some(mut stdin) = group.child.stdin.take() {
            let facts = serde_json::to_vec(&self.facts)?;
            // A hook need not read it. The thread ends with the hook.
            std::thread::spawn(move || {
                stdin
                    .write_all(&facts)
                    .and_then(|()| stdin.write_all(b"\n"))
            });
        }
        let stdout = group.child.stdout.take();
        let stderr = group.child.stderr.take();
        let stdout = stdout.map(|stdout| Reading::start(stdout, KEPT_BYTES));
        let stderr = stderr.map(|stderr| Reading::start(stderr, KEPT_BYTES));
        let ended = group.finish(self.timeout, &self.cancel);
        said.stdout = stdout.map(Reading::finish).unwrap_or_default();
        said.stderr = stderr.map(Reading::finish).unwrap_or_default();
        ended
    }

    fn command(&self) -> std::io::Result<Command> {
        let folder = match self.place.folder.as_os_str().is_empty() {
            true => std::env::current_dir()?,
            false => std::path::absolute(&self.place.folder)?,
        };
        let (program, arguments) = self
            .words
            .split_first()
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut command = match program.contains('/') {
            true => Command::new(folder.join(program)),
            false => Command::new(program),
        };
        command
            .args(arguments)
            .current_dir(folder)
            .envs(self.facts.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }
}

/// How a program ended, in words that follow its name.
fn ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => format!("ended with {status}"),
    }
}

#[cfg(test)]
mod tests;
