//! `backfold quarantine`: shows rejected records, and folds one of them again.

use anyhow::Result;
use backfold::fold::{MessageParts, RejectedBy, Written};
use backfold::guest::FailureKind;
use backfold::replay::{self, Fate, Numbered, Quarantine as Rejected, ReasonCount, Replayed};
use clap::Subcommand;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::arguments::{BuildArguments, JobArguments};
use super::context::Context;
use super::human::{count, counted, moment, plain};
use super::paint::Paint;
use super::table::{Fields, Side, Table};

/// Show the records that a build rejected, and fold one of them again
///
/// The rejected records of a build are numbered. Without --build, the newest build with rejected records is used.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold quarantine counts job.toml       count rejected records by reason
  backfold quarantine list job.toml         list the first rejected records
  backfold quarantine show 3 job.toml       show everything about record 3
  backfold quarantine replay 3 job.toml     fold record 3 again with the current component")]
pub(crate) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Count rejected records by reason
    Counts {
        #[command(flatten)]
        job: JobArguments,
        #[command(flatten)]
        build: BuildArgument,
    },
    /// List rejected records
    List {
        #[command(flatten)]
        job: JobArguments,
        #[command(flatten)]
        build: BuildArgument,
        /// The largest number of records to list
        #[arg(long, value_name = "N", default_value = "20")]
        limit: usize,
    },
    /// Show everything about one rejected record
    Show {
        /// The number of the record
        number: u64,
        #[command(flatten)]
        job: JobArguments,
        #[command(flatten)]
        build: BuildArgument,
    },
    /// Fold one rejected record again; nothing is written
    Replay {
        /// The number of the record
        number: u64,
        #[command(flatten)]
        job: JobArguments,
        #[command(flatten)]
        build: BuildArgument,
        #[command(flatten)]
        settings: BuildArguments,
    },
}

#[derive(Debug, clap::Args)]
struct BuildArgument {
    /// The build; by default the newest one with rejected records
    #[arg(long, value_name = "BUILD")]
    build: Option<String>,
}

impl Quarantine {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let paint = context.paint;
        match self.command {
            Command::Counts { job, build } => {
                let rejected = replay::quarantine(&job.load()?, build.build.as_deref(), 0)?;
                Answer::new(counts(&rejected, paint), &rejected)
            }
            Command::List { job, build, limit } => {
                let rejected = replay::quarantine(&job.load()?, build.build.as_deref(), limit)?;
                Answer::new(list(&rejected, paint), &rejected)
            }
            Command::Show { number, job, build } => {
                let record = replay::quarantined(&job.load()?, build.build.as_deref(), number)?;
                Answer::new(show(&record, paint), &record)
            }
            Command::Replay {
                number,
                job,
                build,
                settings,
            } => {
                let job = settings.load(&job)?;
                let build = build.build.as_deref();
                let replayed = replay::replay_quarantined(&job, build, number).await?;
                Answer::new(replayed_text(&replayed, paint), &replayed)
            }
        }
    }
}

fn heading(rejected: &Rejected, paint: Paint) -> String {
    match &rejected.build {
        None => "no record was rejected\n".into(),
        Some(build) => format!(
            "{} of build {}\n",
            paint.red(counted(rejected.total, "rejected record")),
            paint.bold(build)
        ),
    }
}

fn counts(rejected: &Rejected, paint: Paint) -> String {
    let mut text = heading(rejected, paint);
    if rejected.reasons.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("records", Side::Right),
        ("first", Side::Right),
        ("where", Side::Left),
        ("by", Side::Left),
        ("reason", Side::Whole),
    ]);
    for reason in &rejected.reasons {
        let ReasonCount {
            count: records,
            first,
            position,
            rejected_by,
            ..
        } = reason;
        let path = reason.path.as_deref();
        table.row([
            count(*records),
            first.to_string(),
            position.to_string(),
            by(*rejected_by).into(),
            with_path(path, &reason.reason),
        ]);
    }
    text.push_str(&table.render(0, paint));
    text
}

fn list(rejected: &Rejected, paint: Paint) -> String {
    let mut text = heading(rejected, paint);
    if rejected.records.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("number", Side::Right),
        ("where", Side::Left),
        ("by", Side::Left),
        ("reason", Side::Left),
    ]);
    for Numbered { number, record } in &rejected.records {
        let reason = with_path(record.path.as_deref(), &record.reason);
        let reason = match record.swallowed_bytes {
            0 => reason,
            bytes => format!("swallowed {}; {reason}", counted(bytes, "byte")),
        };
        table.row([
            number.to_string(),
            record.position.to_string(),
            by(record.rejected_by).into(),
            reason,
        ]);
    }
    text.push_str(&table.render(0, paint));
    let shown = rejected.records.len() as u64;
    if shown < rejected.total {
        let rest = rejected.total - shown;
        text.push_str(&format!("and {} more\n", count(rest)));
    }
    text
}

fn show(numbered: &Numbered, paint: Paint) -> String {
    let mut fields = record_fields(numbered);
    let record = &numbered.record;
    fields.add("rejected by", by(record.rejected_by));
    fields.add(
        "reason",
        with_path(record.path.as_deref(), &plain(&record.reason)),
    );
    if record.swallowed_bytes > 0 {
        let bytes = counted(record.swallowed_bytes, "byte");
        fields.add(
            "swallowed",
            format!("the last {bytes}, which may contain other records"),
        );
    }
    if let Some(component) = &record.component {
        fields.add("component", component);
    }
    if let Some(failure) = &record.failure {
        let call = failure
            .call
            .map_or(String::new(), |call| format!(" in `{call}`"));
        fields.add("failure", format!("{}{call}", said(failure.kind)));
        if !failure.details.is_empty() {
            let lines = failure.details.iter().map(|line| plain(line));
            fields.add("said", lines.collect::<Vec<_>>().join("\n"));
        }
        fields.add("fuel", count(failure.fuel));
        if !failure.backtrace.is_empty() {
            fields.add("in", plain(&failure.backtrace.join(" ← ")));
        }
    }
    if let Some(parts) = &record.message {
        message_fields(parts, &mut fields);
    }
    if let Some(header) = &record.header {
        fields.add("header", written(header));
    }
    let mut text = fields.render(paint);
    if let Some(columns) = &record.columns {
        text.push_str(&object("columns", columns, paint));
    }
    let kept = match &record.bytes {
        Some(bytes) => written(bytes),
        None if record.message.as_ref().is_some_and(|parts| parts.tombstone) => {
            "a tombstone: the record has no value".into()
        }
        None => "the bytes of the record were not stored".into(),
    };
    text.push_str(&format!("\n{kept}\n"));
    text
}

/// The kind of a failure in words.
fn said(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Trap => "a trap",
        FailureKind::OutOfFuel => "out of fuel",
        FailureKind::OutOfMemory => "out of memory",
        FailureKind::Error => "an error as the answer",
        FailureKind::InvalidAnswer => "an answer that breaks the contract",
        FailureKind::TooLarge => "a key or a state that is too large",
    }
}

fn written(bytes: &Written) -> String {
    match bytes {
        Written::Text(text) => plain(text).into_owned(),
        Written::Base64(base64) => format!("{base64} (base64)"),
    }
}

fn replayed_text(replayed: &Replayed, paint: Paint) -> String {
    let mut fields = record_fields(&replayed.record);
    fields.add("was rejected", plain(&replayed.record.record.reason));
    fields.add("component", &replayed.component);
    let mut text = fields.render(paint);
    if let Some(columns) = &replayed.columns {
        text.push_str(&object("columns", columns, paint));
    }
    text.push('\n');
    match &replayed.fate {
        Fate::Folded { states } => {
            text.push_str(&format!("{}: it counts now\n", paint.green("folded")));
            for state in states {
                text.push_str(&object("state", state, paint));
            }
        }
        Fate::PassedOver => {
            let why =
                "it does not meet the component's conditions, or is outside of the job's range";
            text.push_str(&format!("skipped: {why}\n"));
        }
        Fate::Rejected {
            rejected_by,
            reason,
        } => text.push_str(&format!(
            "{} by the {}: {}\n",
            paint.red("rejected"),
            by(*rejected_by),
            plain(reason)
        )),
        Fate::Failed {
            code,
            reason,
            details,
            backtrace,
        } => {
            text.push_str(&format!(
                "{}: {code}: {}\n",
                paint.red("failed"),
                plain(reason)
            ));
            for line in details {
                text.push_str(&format!("  {}\n", plain(line)));
            }
            for function in backtrace {
                text.push_str(&format!("  in {}\n", plain(function)));
            }
        }
    }
    text
}

fn record_fields(numbered: &Numbered) -> Fields {
    let Numbered { number, record } = numbered;
    let mut fields = Fields::default();
    fields.add("number", number.to_string());
    fields.add("record", plain(&record.position.to_string()));
    let length = counted(record.length_bytes, "byte");
    match record.position.byte {
        Some(byte) if record.length_bytes > 0 => {
            let from = format!("from byte {} of the object, decompressed", count(byte));
            fields.add("length", format!("{length}, {from}"));
        }
        _ => fields.add("length", length),
    }
    fields
}

fn message_fields(parts: &MessageParts, fields: &mut Fields) {
    if let Some(at_us) = parts.time_us {
        fields.add("timestamp", moment(at_us));
    }
    if let Some(key) = &parts.key {
        fields.add("key", written(key));
    }
    for (name, value) in &parts.headers {
        let value = value.as_ref().map_or("null".into(), written);
        fields.add("header", format!("{} = {value}", plain(name)));
    }
    if parts.cut {
        fields.add(
            "key",
            "too long to be stored; the headers were not stored either",
        );
    }
}

fn object(title: &str, values: &Map<String, Value>, paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.dim(title));
    for (name, value) in values {
        text.push_str(&format!("  {name} = {}\n", plain(&value.to_string())));
    }
    text
}

fn with_path(path: Option<&str>, reason: &str) -> String {
    match path {
        Some(path) => format!("{}: {reason}", plain(path)),
        None => reason.to_owned(),
    }
}

fn by(rejected_by: RejectedBy) -> &'static str {
    match rejected_by {
        RejectedBy::Decoder => "decoder",
        RejectedBy::Component => "component",
    }
}
