//! `backfold run`: builds a new table next to the live one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use backfold::progress::{Progress, Stage};
use backfold::replay::{self, Outcome, RunOptions, RunReport};
use backfold::share::Place;

use super::answer::Answer;
use super::arguments::{BuildArguments, JobArguments, WaitArguments};
use super::context::Context;
use super::failure::gate_text;
use super::human::{count, digest, duration, plain, short, size};
use super::paint::Paint;
use super::presence::{add_absent, unmet};
use super::progress::name;
use super::table::Fields;

/// Build and check a new table next to the live one
///
/// After an interruption, the same command continues from the last checkpoint. After a complete run, the same
/// command looks at the input again: if the input is unchanged, the build is kept; otherwise a new build starts.
/// With --swap, the table becomes live if the gate passes. Before a build starts, the laws of the component are
/// tested with a thousand events; a component that violates a law is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold run job.toml                    build and check a table; `backfold swap` makes it live
  backfold run job.toml --swap             also make it live, if the gate passes
  backfold run job.toml -p floor=3         use another parameter for the component
  backfold run job.toml --output jsonl     print progress as JSON lines
  backfold run job.toml --share s3://b/x   build it from the units that workers folded; see `backfold stage`

Ctrl-C writes a checkpoint and stops with exit code 130; a second Ctrl-C stops at once.")]
pub(crate) struct Run {
    #[command(flatten)]
    job: JobArguments,
    /// Make the table live if the gate passes
    #[arg(long, conflicts_with = "only_fold")]
    swap: bool,

    /// Stop after the input is folded into run files, without loading a table; for measurements
    #[arg(long)]
    only_fold: bool,

    /// Start a new build, even if there is one that could be continued
    #[arg(long)]
    fresh: bool,

    /// Fold only the records that the newest build rejected, and add them to its states, without reading history
    /// again. For use after the component was corrected, or the records in the build's quarantine.jsonl
    #[arg(long)]
    only_quarantined: bool,

    /// Do not test the laws of the component
    #[arg(long)]
    trust_laws: bool,

    /// Go on with the newest build of this job that is staged in this share, a folder or s3://bucket/prefix, once
    /// its units are folded
    #[arg(long, env = "BACKFOLD_SHARE", value_name = "PLACE", conflicts_with_all = ["fresh", "only_quarantined"])]
    share: Option<Place>,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    build: BuildArguments,
}

impl Run {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.build.load(&self.job)?;
        let options = RunOptions {
            swap: self.swap,
            only_fold: self.only_fold,
            fresh: self.fresh,
            only_quarantined: self.only_quarantined,
            trust_laws: self.trust_laws,
            share: self.share,
            wait: self.wait.wait,
            by: context.operator(),
        };
        let work = replay::run(
            &job,
            &options,
            context.progress.clone(),
            context.cancel.clone(),
        );
        let report = context.watch(work).await?;
        let text = describe(
            &report,
            &context.progress,
            &self.job.suffix(),
            context.paint,
        );
        let answer = Answer::new(text, &report)?;
        Ok(match report.refusal() {
            Some(error) => answer.refused(&error.into()),
            None => answer,
        })
    }
}

/// The result of a run as text.
fn describe(report: &RunReport, progress: &Progress, job: &str, paint: Paint) -> String {
    let mut fields = Fields::default();
    fields.add("build", paint.bold(&report.build));
    if let Some(base) = &report.based_on {
        fields.add("on top of", base);
    }
    for note in &report.notes {
        fields.add("note", plain(note));
    }
    add_counts(&mut fields, report, paint);
    if let Some(loaded) = &report.loaded {
        fields.add(
            "rows",
            format!("{} in {}", count(loaded.rows), plain(&report.shadow)),
        );
        fields.add("digest", digest(&loaded.digest));
    }
    let times = report.stages.iter().map(|time| {
        let span = Duration::try_from_secs_f64(time.seconds).unwrap_or_default();
        format!("{} {}", name(time.stage), duration(span))
    });
    fields.add("time", times.collect::<Vec<_>>().join(", "));
    if let Some(pace) = pace(report, progress) {
        fields.add("pace", pace);
    }
    fields.add(
        "report",
        plain(&report.folder.join("run.json").display().to_string()),
    );

    let mut text = fields.render(paint);
    if let Some(gate) = &report.gate {
        text.push_str(&format!("\n{}", gate_text(gate, paint)));
    }
    if let Some(diff) = &report.diff {
        text.push_str(&format!("\n{diff}"));
    }
    text.push_str(&format!("\n{}\n", outcome(report, job, paint)));
    text
}

/// Adds the numbers of records, events and rejections.
fn add_counts(fields: &mut Fields, report: &RunReport, paint: Paint) {
    let counts = &report.counts;
    fields.add(
        "read",
        format!(
            "{} records, {} ({} as stored)",
            count(counts.records),
            size(counts.decoded_bytes),
            size(counts.stored_bytes),
        ),
    );
    let refused_by_component = report.rejected - counts.rejected;
    let folded = counts.events - refused_by_component;
    fields.add("folded", format!("{} events", count(folded)));
    // What was wanted is of interest where nothing was.
    let conditions = match counts.events + counts.repeated + counts.out_of_range {
        0 => unmet(&report.presence),
        _ => String::new(),
    };
    let skipped = [
        ("repeated", counts.repeated, String::new()),
        ("not wanted", counts.not_wanted, conditions),
        ("out of range", counts.out_of_range, String::new()),
        ("repeated headers", counts.repeated_headers, String::new()),
    ];
    let skipped = skipped.into_iter().filter(|(_, number, _)| *number > 0);
    for (name, number, why) in skipped {
        fields.add(name, format!("{}{why}", count(number)));
    }
    add_absent(fields, &report.presence, paint);
    if report.rejected > 0 {
        let place = report.folder.join("quarantine.jsonl");
        fields.add(
            "rejected",
            format!(
                "{} → {}",
                paint.red(count(report.rejected)),
                plain(&place.display().to_string())
            ),
        );
    }
    if counts.swallowed_bytes > 0 {
        let bytes = paint.red(size(counts.swallowed_bytes));
        let places = count(counts.swallowed_places);
        fields.add(
            "swallowed",
            format!(
                "{bytes} in rejected records, in which other records may be lost; places: {places}"
            ),
        );
    }
}

/// The speed of this run; `None` if it folded too little for a meaningful number.
fn pace(report: &RunReport, progress: &Progress) -> Option<String> {
    let fold = report
        .stages
        .iter()
        .find(|time| time.stage == Stage::Fold)?;
    let rate = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / fold.seconds;
    let records = rate(&progress.records);
    (records > 0.0 && fold.seconds >= 0.1).then(|| {
        let megabytes = rate(&progress.decoded_bytes) / 1e6;
        format!(
            "{} records/s, {megabytes:.1} MB/s decompressed",
            short(records)
        )
    })
}

/// The state of the table, and the next command.
fn outcome(report: &RunReport, job: &str, paint: Paint) -> String {
    let table = plain(&report.table);
    let version = report.pointer.as_ref().map_or_else(String::new, |pointer| {
        format!(", version {}", pointer.version)
    });
    match report.outcome {
        Outcome::Folded => format!("{}: no table was loaded", paint.green("folded")),
        Outcome::Ready => {
            let next = paint.cyan(format_args!("backfold swap{job}"));
            format!(
                "{}: `{next}` makes it live as `{table}`",
                paint.green("ready")
            )
        }
        Outcome::Refused => format!("{}: `{table}` is unchanged", paint.red("refused")),
        Outcome::Vetoed => format!(
            "{}: a hook refuses the swap, and `{table}` is unchanged",
            paint.red("refused")
        ),
        Outcome::Held => {
            let again = paint.cyan(format_args!("backfold swap{} {}", job, report.build));
            format!(
                "{}: `{table}` shows what it did before; `{again}` makes this build live in any case",
                paint.red("held back")
            )
        }
        Outcome::Live => format!(
            "{}: `{table}` shows this build{version}",
            paint.green("live")
        ),
        Outcome::AlreadyLive => {
            let again = paint.cyan(format_args!("backfold run{job} --fresh"));
            let same =
                "the job and its input have not changed since that build, so nothing was done";
            format!(
                "{}: `{table}` shows this build{version}; {same}\n`{again}` builds it again",
                paint.green("live")
            )
        }
    }
}
