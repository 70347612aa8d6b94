//! `backfold seal`: what is left to fold of a staged build.

use std::path::PathBuf;

use anyhow::Result;
use backfold::share::{Place, Sealing, StagedBuild};

use super::answer::Answer;
use super::context::Context;
use super::human::{count, counted, plain};
use super::paint::Paint;
use super::table::Fields;

/// The most units that the text lists.
const UNITS_LIMIT: usize = 20;

/// Say which units of a staged build are left to fold, or seal it
///
/// Once each unit is folded, the attempt that counts is chosen for each; a build that is sealed stays as it is, and
/// `run --share` loads it. Objects of different units may hold the same records of a topic: such units are folded again in
/// round 2, without what earlier units hold. There is no third round.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold seal s3://bucket/backfold/page_views/01K…
  backfold seal s3://bucket/backfold/page_views/01K… --output json | jq -r '.result.left[]'")]
pub(crate) struct Seal {
    /// The build, as `stage` printed it
    #[arg(value_name = "BUILD")]
    build: Place,

    /// Once the build is sealed, cut its keys into at most N ranges, which `backfold merge` merges one by one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    ranges: Option<u64>,

    /// The folder for files that are needed meanwhile; by default that of the system
    #[arg(
        long,
        env = "BACKFOLD_SCRATCH",
        value_name = "DIR",
        requires = "ranges"
    )]
    scratch: Option<PathBuf>,
}

impl Seal {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let work = async {
            let staged = StagedBuild::open(&self.build).await?;
            let sealing = staged.seal().await?;
            match self.ranges.filter(|_| sealing.sealed) {
                None => Ok(sealing),
                Some(ranges) => {
                    let scratch = self.scratch.clone().unwrap_or_else(std::env::temp_dir);
                    staged.cut(ranges, &scratch).await?;
                    staged.seal().await
                }
            }
        };
        let sealing = context.watch(work).await.map_err(backfold::Error::from)?;
        let mut fields = Fields::default();
        fields.add("build", plain(&self.build.to_string()));
        add_sealing(&mut fields, &sealing, context.paint);
        let answer = Answer::new(fields.render(context.paint), &sealing)?;
        Ok(match sealing.failure() {
            Some(error) => answer.refused(&backfold::Error::from(error).into()),
            None => answer,
        })
    }
}

/// How far the units are.
pub(super) fn add_sealing(fields: &mut Fields, sealing: &Sealing, paint: Paint) {
    let mut units = format!(
        "{} of {}",
        count(sealing.done),
        counted(sealing.units, "unit")
    );
    if sealing.superfluous > 0 {
        units += &format!(", {} too many", counted(sealing.superfluous, "attempt"));
    }
    if sealing.incomplete > 0 {
        units += &format!(", {} at work or killed", count(sealing.incomplete));
    }
    if !sealing.failed.is_empty() {
        units += &format!(", {} failed", count(sealing.failed.len() as u64));
    }
    fields.add("units", units);
    let state = match (sealing.sealed, sealing.left.is_empty()) {
        (true, _) => paint.green("sealed").to_string(),
        (false, true) => "`backfold seal` seals it".to_owned(),
        (false, false) => format!("round {}", sealing.round),
    };
    fields.add("state", state);
    if !sealing.left.is_empty() {
        fields.add("left", ranges(&sealing.left));
    }
    if sealing.ranges > 0 {
        let left = sealing.ranges_left.len() as u64;
        let ranges = counted(sealing.ranges, "range");
        fields.add(
            "merged",
            format!("{} of {ranges}", count(sealing.ranges - left)),
        );
    }
    if !sealing.ranges_left.is_empty() {
        fields.add("to merge", ranges(&sealing.ranges_left));
    }
    for failed in &sealing.failed {
        let text = format!("unit {}: {}", failed.unit, failed.message);
        fields.add("failed", paint.red(plain(&text)).to_string());
    }
}

/// Numbers in rising order, neighbours as ranges, such as `0-16, 18`.
fn ranges(units: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for unit in units {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *unit => *last = *unit,
            _ => ranges.push((*unit, *unit)),
        }
    }
    let text = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let mut shown: Vec<String> = ranges.iter().take(UNITS_LIMIT).map(text).collect();
    if ranges.len() > UNITS_LIMIT {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
        let odd: Vec<u64> = (0..100).map(|place| 2 * place + 1).collect();
        assert!(ranges(&odd).ends_with("37, 39, …"));
    }
}
