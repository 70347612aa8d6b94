//! Flags that several commands share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use backfold::job::{Job, JobError, Overrides};
use backfold::source::kafka::is_secret;
use clap::{Args, ValueEnum};

use super::environment;
use super::output::Format;

/// The flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Globals {
    /// The format of standard output: text, one JSON document (json), or progress events as JSON lines with
    /// the same document as the last line (jsonl)
    #[arg(
        long,
        global = true,
        env = "BACKFOLD_OUTPUT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) output: Format,

    /// Do not show progress
    #[arg(long, global = true, env = "BACKFOLD_NO_PROGRESS", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_progress: bool,

    /// Log more: -v for steps, -vv for details, -vvv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Log errors only, and do not show progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// After Ctrl-C: the longest time without progress before the command ends without a checkpoint
    #[arg(long, global = true, env = "BACKFOLD_GRACE", value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,

    /// The format of log lines on standard error
    #[arg(
        long,
        global = true,
        env = "BACKFOLD_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// The job of a command.
#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// The job file
    #[arg(value_name = "JOB", default_value = "job.toml")]
    pub(crate) job: PathBuf,

    /// The folder for plans, run files and journals, instead of the one that the job names
    #[arg(long, env = "BACKFOLD_WORK", value_name = "DIR")]
    work: Option<PathBuf>,
}

impl JobArguments {
    /// Loads the job file.
    pub(crate) fn load(&self) -> Result<Job, JobError> {
        Job::load(
            &self.job,
            &Overrides {
                work: self.work.clone(),
                ..Overrides::default()
            },
        )
    }

    /// The job file, and the work folder if it was given, as arguments of a command that is written down.
    pub(crate) fn named(&self) -> String {
        let job = quoted(&self.job.display().to_string());
        match &self.work {
            Some(work) => format!("{job} --work {}", quoted(&work.display().to_string())),
            None => job,
        }
    }

    /// The job file as an argument of a suggested command, with a space before it; empty for the default.
    pub(crate) fn suffix(&self) -> String {
        if self.job.as_os_str() == "job.toml" {
            String::new()
        } else {
            format!(" {}", self.job.display())
        }
    }
}

/// The flag for waiting on other commands.
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// How long to wait for another command that plans, builds or removes builds of this job
    #[arg(long, env = "BACKFOLD_WAIT", value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) wait: Duration,
}

/// Flags that override settings of the job.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings that override the job")]
pub(crate) struct BuildArguments {
    /// The start of the range: a date, a timestamp, -48h or earliest; for Kafka also an offset: 100, +100 after
    /// the start, -100 before the end, or clicks/0=100,clicks/1=250
    #[arg(
        long,
        env = "BACKFOLD_FROM",
        value_name = "TIME",
        allow_hyphen_values = true
    )]
    from: Option<String>,

    /// The end of the range, which is itself outside: a date, a timestamp, -1h or latest; for Kafka also an
    /// offset such as 200
    #[arg(
        long,
        env = "BACKFOLD_TO",
        value_name = "TIME",
        allow_hyphen_values = true
    )]
    to: Option<String>,

    /// Start and end together: @2026-01-01:2026-01-31, @-48h:-24h, @2026-01-01:1h; for Kafka also 100:200, +10:,
    /// -10:, :end
    #[arg(
        long,
        env = "BACKFOLD_RANGE",
        value_name = "RANGE",
        allow_hyphen_values = true,
        conflicts_with_all = ["from", "to"]
    )]
    range: Option<String>,

    /// The number of threads that fold; by default the number of cores
    #[arg(long, env = "BACKFOLD_WORKERS", value_name = "N")]
    workers: Option<usize>,

    /// Skip objects of a bucket that are archived (as in Glacier) and not restored
    #[arg(long, env = "BACKFOLD_SKIP_ARCHIVED", value_parser = clap::builder::FalseyValueParser::new())]
    skip_archived: bool,

    /// A property of librdkafka, which overrides `[source.kafka.properties]`; can be repeated
    #[arg(short = 'X', long = "property", value_name = "KEY=VALUE", value_parser = key_value)]
    properties: Vec<(String, String)>,

    #[command(flatten)]
    params: ParamArguments,
}

impl BuildArguments {
    /// Loads the job file and applies these flags to it.
    pub(crate) fn load(&self, job: &JobArguments) -> Result<Job, JobError> {
        let overrides = Overrides {
            range: self.range.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            work: job.work.clone(),
            workers: self.workers,
            skip_archived: self.skip_archived,
            params: self.params.collect(),
            properties: self.properties.iter().cloned().collect(),
        };
        Job::load(&job.job, &overrides)
    }

    /// The same flags as arguments of a suggested command, with a space before each. With them, the command has the
    /// same plan.
    pub(crate) fn suffix(&self) -> String {
        let mut words = Vec::new();
        for (flag, value) in [
            ("--range", &self.range),
            ("--from", &self.from),
            ("--to", &self.to),
        ] {
            if let Some(value) = value {
                words.extend([flag.to_owned(), quoted(value)]);
            }
        }
        if self.skip_archived {
            words.push("--skip-archived".to_owned());
        }
        for (name, value) in &self.properties {
            let value = if is_secret(name) { "…" } else { value };
            words.extend(["-X".to_owned(), quoted(&format!("{name}={value}"))]);
        }
        for (name, value) in &self.params.params {
            words.extend(["-p".to_owned(), quoted(&format!("{name}={value}"))]);
        }
        words.iter().map(|word| format!(" {word}")).collect()
    }
}

/// A word of a command line, quoted for a shell if necessary.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The flag for parameters of the component.
#[derive(Debug, Args)]
pub(crate) struct ParamArguments {
    /// A parameter of the component, which overrides `[params]` of the job; can be repeated
    #[arg(short = 'p', long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    params: Vec<(String, String)>,
}

impl ParamArguments {
    /// The parameters; flags take precedence over environment variables.
    pub(crate) fn collect(&self) -> BTreeMap<String, String> {
        self.over(environment::variables())
    }

    fn over(
        &self,
        environment: impl Iterator<Item = (String, String)>,
    ) -> BTreeMap<String, String> {
        environment
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(environment::PARAM)?.to_owned(), value))
            })
            .chain(self.params.iter().cloned())
            .collect()
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as key=value".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_command_has_the_same_settings() {
        let arguments = BuildArguments {
            range: None,
            from: Some("-48h".to_owned()),
            to: Some("2026-01-02 05:00".to_owned()),
            workers: Some(2),
            skip_archived: true,
            properties: vec![
                ("client.id".to_owned(), "backfold".to_owned()),
                ("sasl.password".to_owned(), "swordfish".to_owned()),
            ],
            params: ParamArguments {
                params: vec![("say".to_owned(), "it's".to_owned())],
            },
        };
        let expected = r" --from -48h --to '2026-01-02 05:00' --skip-archived -X client.id=backfold -X 'sasl.password=…' -p 'say=it'\''s'";
        assert_eq!(arguments.suffix(), expected);
        let arguments = BuildArguments {
            range: Some("@-48h:-24h".to_owned()),
            from: None,
            to: None,
            workers: None,
            skip_archived: false,
            properties: vec![],
            params: ParamArguments { params: vec![] },
        };
        assert_eq!(arguments.suffix(), " --range @-48h:-24h");
    }

    #[test]
    fn flags_take_precedence_over_the_environment() {
        let arguments = ParamArguments {
            params: vec![key_value("floor=4=5").unwrap()],
        };
        let environment = [
            ("BACKFOLD_PARAM_floor", "3"),
            ("BACKFOLD_PARAM_zone", "UTC"),
            ("HOME", "/root"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params = arguments.over(environment.into_iter());
        let expected =
            [("floor", "4=5"), ("zone", "UTC")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(params, BTreeMap::from(expected));
        assert!(key_value("=x").is_err());
    }
}
