//! `backfold worker`: folds one unit of a staged build.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use backfold::guest::Cache;
use backfold::share::{
    FoldedUnit, Place, ShareError, StagedBuild, UnitChoice, UnitState, WorkerOptions,
};
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::context::Context;
use super::human::{count, size};
use super::paint::Paint;
use super::table::Fields;

/// How long a worker whose lease ended takes to stop before its process ends.
const LEASE_GRACE: Duration = Duration::from_secs(2);

/// Fold one unit of a staged build
///
/// The result goes into the share. A worker opens no store and takes no lock: the same unit may be folded again, or by two
/// workers at once, and one of them counts. A unit that is done already is not folded again. Exit code 42 says that the unit
/// fails whenever it is folded: all workers that start later end with that code at once.
///
/// Credentials come from the environment, also those of the source.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold worker s3://bucket/backfold/page_views/01K… --unit 17
  backfold worker s3://bucket/backfold/page_views/01K…     the unit that JOB_COMPLETION_INDEX (Kubernetes) or
                                                           AWS_BATCH_JOB_ARRAY_INDEX says
  seq 0 99 | xargs -P 8 -I{} backfold worker /mnt/share/page_views/01K… --unit {} --workers 1")]
pub(crate) struct Worker {
    /// The build, as `stage` printed it
    #[arg(value_name = "BUILD")]
    build: Place,

    /// The number of the unit, from 0
    #[arg(long, value_name = "I")]
    unit: Option<u64>,

    /// The round, as `seal` printed it
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,

    /// The number of threads that fold; by default that of the job, or the number of cores
    #[arg(long, env = "BACKFOLD_WORKERS", value_name = "N")]
    workers: Option<usize>,

    /// The folder for files that are needed meanwhile; by default that of the system
    #[arg(long, env = "BACKFOLD_SCRATCH", value_name = "DIR")]
    scratch: Option<PathBuf>,

    /// End when standard input ends, because the process that started the worker is gone
    #[arg(long)]
    lease: bool,
}

impl Worker {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        if self.lease {
            end_with_stdin(context.cancel.clone());
        }
        let unit = self.unit.map(UnitChoice::Number).or_else(place_in_array);
        let options = WorkerOptions {
            unit: unit
                .ok_or(ShareError::NoUnitGiven)
                .map_err(backfold::Error::from)?,
            round: self.round,
            workers: self.workers,
            scratch: self.scratch.unwrap_or_else(std::env::temp_dir),
            cache: Cache::of_user(),
        };
        let means = context.steps();
        let work = async {
            let staged = StagedBuild::open(&self.build).await?;
            staged.fold_unit(&options, &means).await
        };
        let folded = context.watch(work).await.map_err(backfold::Error::from)?;
        Answer::new(describe(&folded, context.paint), &folded)
    }
}

/// The place of the unit among those of the round, as Kubernetes or AWS Batch sets it for a process of a job array.
fn place_in_array() -> Option<UnitChoice> {
    ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok())
        .map(UnitChoice::Place)
}

/// Cancels the command when standard input ends.
fn end_with_stdin(cancel: CancellationToken) {
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        while std::io::stdin().read(&mut bytes).is_ok_and(|read| read > 0) {}
        cancel.cancel();
        // A call of the component, or of a server that does not answer, may last.
        std::thread::sleep(LEASE_GRACE);
        std::process::exit(130);
    });
}

fn describe(folded: &FoldedUnit, paint: Paint) -> String {
    let mut fields = Fields::default();
    let state = match folded.state {
        UnitState::Folded => "folded",
        UnitState::DoneBefore => "done before",
    };
    let unit = format!("{}, round {}: {state}", folded.unit, folded.round);
    fields.add("unit", unit);
    fields.add("attempt", folded.attempt.clone());
    fields.add("splits", count(folded.splits));
    fields.add("records", count(folded.records));
    if folded.rejected > 0 {
        fields.add("rejected", paint.red(count(folded.rejected)).to_string());
    }
    fields.add(
        "rows",
        format!("{} ({})", count(folded.rows), size(folded.run_bytes)),
    );
    fields.render(paint)
}
