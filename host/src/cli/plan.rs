//! `backfold plan`: shows what a run would read and build.

use anyhow::Result;
use backfold::cutover::GateOptions;
use backfold::decode::EventRange;
use backfold::replay::{self, Estimate, Planned, SampleOutcome};
use backfold::source::Frozen;
use backfold::store::Cost;
use chrono::Utc;

use super::answer::Answer;
use super::arguments::{BuildArguments, JobArguments, WaitArguments};
use super::context::Context;
use super::human::{ago, count, counted, digest, moment, plain, rough_span, roughly, size};
use super::paint::Paint;
use super::partitions;
use super::presence::{add_absent, unmet};
use super::table::Fields;

/// The most reasons of rejections that a sample shows.
const REASONS_LIMIT: usize = 3;

/// Show what a run would read and build
///
/// The plan lists the input, with sizes and tags to detect later changes, and divides it into splits. `run` reads
/// exactly the planned input. A few objects are read, decoded and folded to estimate the number of records and the
/// duration of a run. No table is created or changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold plan
  backfold plan job.toml --from 2026-01-01 --to 2026-02-01
  backfold plan job.toml --output json | jq .result.build")]
pub(crate) struct Plan {
    #[command(flatten)]
    job: JobArguments,
    #[command(flatten)]
    wait: WaitArguments,
    #[command(flatten)]
    build: BuildArguments,
}

impl Plan {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.build.load(&self.job)?;
        let planned = context
            .watch(replay::plan(
                &job,
                self.wait.wait,
                context.progress.clone(),
                context.cancel.clone(),
            ))
            .await?;
        let mut text = describe(&planned, context.paint);
        let next = context.paint.cyan(format_args!(
            "backfold run{}{}",
            self.job.suffix(),
            self.build.suffix()
        ));
        text.push_str(&match planned.resumes {
            true => format!("\n`{next}` continues it\n"),
            false => format!("\nnothing has been built or changed: `{next}` builds it\n"),
        });
        Answer::new(text, &planned)
    }
}

/// The plan as text.
fn describe(planned: &Planned, paint: Paint) -> String {
    let mut fields = Fields::default();
    let state = match planned.resumes {
        true => format!(
            "planned {}; {} of {} folded",
            ago(&planned.planned_at, Utc::now()),
            count(planned.splits_done),
            counted(planned.frozen.splits, "split"),
        ),
        false => "new".into(),
    };
    fields.add("build", format!("{} ({state})", paint.bold(&planned.build)));
    fields.add("table", plain(&planned.table));
    fields.add(
        "builds",
        format!("{} in {}", plain(&planned.shadow), plain(&planned.target)),
    );
    fields.add(
        "shows now",
        match &planned.live {
            Some(live) => format!("build {}, version {}", live.build, live.version),
            None => "nothing: the name is not used yet".into(),
        },
    );
    let component = &planned.component;
    fields.add(
        "component",
        format!(
            "{} {} ({})\n{}",
            plain(&component.name),
            plain(&component.version),
            digest(&component.digest),
            plain(&component.path.display().to_string()),
        ),
    );
    let frozen = &planned.frozen;
    let bytes = if frozen.size_bytes > 0 {
        format!(", {}", size(frozen.size_bytes))
    } else {
        String::new()
    };
    let objects = if frozen.objects > 0 {
        format!("{} in ", counted(frozen.objects, "object"))
    } else if !frozen.partitions.is_empty() {
        format!("{}, in ", partitions::summary(&frozen.partitions))
    } else {
        String::new()
    };
    fields.add(
        "input",
        format!("{objects}{}{bytes}", counted(frozen.splits, "split")),
    );
    add_work(&mut fields, planned);
    if let Some(estimate) = &planned.estimate {
        add_sample(&mut fields, &estimate.sample, paint);
    }
    fields.add("events", events(planned.range));
    fields.add("gate", gate(&planned.gate));
    fields.add("work", plain(&planned.folder.display().to_string()));
    for note in &frozen.notes {
        fields.add("note", plain(note));
    }
    let mut text = fields.render(paint);
    if !frozen.partitions.is_empty() {
        text.push('\n');
        text.push_str(&partitions::table(&frozen.partitions, paint));
    }
    text
}

/// Adds what is left to do, as far as it can be estimated.
fn add_work(fields: &mut Fields, planned: &Planned) {
    if let Some(estimate) = &planned.estimate {
        fields.add("to fold", expected(estimate, &planned.frozen));
    }
    if let Some(cost) = &planned.cost {
        fields.add("to load", loading(cost));
    }
}

/// Adds what would become of the records of the sample, where not all of them would be folded with all their inputs.
fn add_sample(fields: &mut Fields, sample: &SampleOutcome, paint: Paint) {
    let of = format!("of {}", counted(sample.records, "record"));
    let mut lines = Vec::new();
    if sample.rejected > 0 {
        let reasons = sample.reasons.iter().take(REASONS_LIMIT).map(|reason| {
            let (why, first) = (plain(&reason.reason), plain(&reason.first));
            format!("\n  {}: {why} (first: {first})", count(reason.records))
        });
        let rejected = format!("{} would be rejected", count(sample.rejected));
        let reasons = reasons.collect::<String>();
        lines.push(format!("{of}, {}{reasons}", paint.red(rejected)));
    }
    if sample.not_wanted > 0 {
        let passed_over = count(sample.not_wanted);
        let why = match sample.not_wanted == sample.records {
            true => unmet(&sample.presence),
            false => String::new(),
        };
        lines.push(format!(
            "{of}, {passed_over} do not meet the conditions{why}"
        ));
    }
    if sample.out_of_range > 0 {
        let outside = count(sample.out_of_range);
        lines.push(format!("{of}, {outside} are outside the range"));
    }
    if !lines.is_empty() {
        fields.add("sample", lines.join("\n"));
    }
    add_absent(fields, &sample.presence, paint);
}

/// The estimated number of records and the duration.
fn expected(estimate: &Estimate, frozen: &Frozen) -> String {
    let mut text = match estimate.exact {
        true => counted(estimate.records, "record"),
        false => format!("about {} records", roughly(estimate.records)),
    };
    if let Some(seconds) = estimate.seconds {
        let workers = counted(estimate.workers as u64, "worker");
        text.push_str(&match seconds < 1.0 {
            true => format!(", under a second with {workers}"),
            false => format!(", about {} with {workers}", rough_span(seconds)),
        });
    }
    if !estimate.exact {
        let sampled = count(estimate.sampled);
        let all = match frozen.objects {
            0 => counted(frozen.splits, "split"),
            objects => counted(objects, "object"),
        };
        text.push_str(&format!(" (from {sampled} of {all})"));
    }
    text
}

/// The cost of loading the table.
fn loading(cost: &Cost) -> String {
    format!(
        "at most about {} write units: {} at {} a second, ${:.2}",
        roughly(cost.write_units),
        match cost.seconds < 1.0 {
            true => "under a second".to_owned(),
            false => rough_span(cost.seconds),
        },
        count(cost.units_per_second.round() as u64),
        cost.dollars,
    )
}

/// The range of events.
fn events(range: EventRange) -> String {
    match (range.from_us.map(moment), range.until_us.map(moment)) {
        (None, None) => "all".into(),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(until)) => format!("before {until}"),
        (Some(from), Some(until)) => format!("from {from} to before {until}"),
    }
}

/// The conditions of the gate.
fn gate(gate: &GateOptions) -> String {
    let rejected = match gate.max_quarantined {
        0 => "no record rejected".to_owned(),
        most => format!("at most {} rejected", counted(most, "record")),
    };
    let swallowed = match gate.max_swallowed.0 {
        0 => String::new(),
        most => format!(", at most {} swallowed by rejected records", size(most)),
    };
    let mut text = format!(
        "all input folded, {rejected}{swallowed}, at least {}",
        counted(gate.min_rows, "row")
    );
    for (word, ratio) in [
        ("at least", gate.min_rows_ratio),
        ("at most", gate.max_rows_ratio),
    ] {
        if let Some(ratio) = ratio {
            text.push_str(&format!(", {word} {ratio} times the live rows"));
        }
    }
    for (what, ratio) in [
        ("the live keys gone", gate.max_removed_ratio),
        ("the common keys changed", gate.max_changed_ratio),
        ("the keys new", gate.max_added_ratio),
    ] {
        if let Some(ratio) = ratio {
            text.push_str(&format!(", at most {ratio} of {what}"));
        }
    }
    if !gate.drift.is_empty() {
        let columns: Vec<_> = gate.drift.keys().map(|name| plain(name)).collect();
        text.push_str(&format!(", limited drift of {}", columns.join(", ")));
    }
    if !gate.checks.is_empty() {
        let checks = counted(gate.checks.len() as u64, "check");
        text.push_str(&format!(", {checks} in SQL"));
    }
    text
}
