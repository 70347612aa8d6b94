//! `backfold handoff`: shows where a live consumer continues.

use std::collections::BTreeMap;

use anyhow::Result;
use backfold::job::JobError;
use backfold::replay;
use backfold::source::HandoffPosition;
use backfold::store::Pointer;
use clap::ValueEnum;
use serde_json::json;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::{moment, plain};
use super::output::Format;
use super::paint::Paint;
use super::table::{Fields, Side, Table};

/// Show the positions at which a live consumer continues
///
/// With a swap, backfold stores the positions up to which the table is complete. A consumer that starts there neither
/// misses a record nor counts one twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold handoff job.toml
  backfold handoff job.toml --output json | jq .result.positions
  backfold handoff job.toml --format kafka > offsets.csv
  kafka-consumer-groups --bootstrap-server … --group … --reset-offsets --from-file offsets.csv --execute")]
pub(crate) struct Handoff {
    #[command(flatten)]
    job: JobArguments,

    /// The build; by default the live one
    #[arg(value_name = "BUILD")]
    build: Option<String>,

    /// Print only the positions, in the format of another tool
    #[arg(long, value_name = "TOOL")]
    format: Option<Tool>,
}

/// A tool that can read positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// `kafka-consumer-groups --reset-offsets --from-file`: lines `topic,partition,offset`
    Kafka,
}

impl Handoff {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        if self.format.is_some() && context.format != Format::Text {
            let message = "--format cannot be combined with --output json or jsonl";
            return Err(JobError::CommandLine {
                message: message.to_owned(),
            }
            .into());
        }
        let (job, build) = (self.job.load()?, self.build.as_deref());
        let pointer = replay::handoff(&job, build, &context.store()).await?;
        let text = match self.format {
            None => describe(&pointer, &self.job.suffix(), context.paint),
            Some(Tool::Kafka) => {
                lines(&pointer.handoff.positions).ok_or(JobError::FlagOfSource {
                    flag: "--format kafka",
                    table: "[source.kafka]",
                })?
            }
        };
        let result = json!({
            "table": pointer.table,
            "build": pointer.build,
            "version": pointer.version,
            "positions": pointer.handoff.positions,
        });
        Answer::new(text, &result)
    }
}

/// One line for each partition; `None` for an archive, or if there are no positions.
fn lines(positions: &[HandoffPosition]) -> Option<String> {
    let line = |position: &HandoffPosition| match position {
        HandoffPosition::Offset {
            topic,
            partition,
            next,
            ..
        } => Some(format!("{topic},{partition},{next}\n")),
        HandoffPosition::Archive { .. } => None,
    };
    let lines: Option<String> = positions.iter().map(line).collect();
    lines.filter(|lines| !lines.is_empty())
}

/// The positions as text, and how to continue from them.
fn describe(pointer: &Pointer, job: &str, paint: Paint) -> String {
    let mut fields = Fields::default();
    fields.add("table", plain(&pointer.table));
    fields.add(
        "build",
        format!("{}, version {}", plain(&pointer.build), pointer.version),
    );
    let mut partitions = Table::new(&[
        ("topic", Side::Left),
        ("partition", Side::Right),
        ("next offset", Side::Right),
    ]);
    // The partitions by the end of their range.
    let mut untils: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut offsets = 0;
    let mut of_archive = String::new();
    for position in &pointer.handoff.positions {
        match position {
            HandoffPosition::Offset {
                topic,
                partition,
                next,
                until_us,
            } => {
                partitions.row([topic.clone(), partition.to_string(), next.to_string()]);
                offsets += 1;
                if let Some(until_us) = until_us {
                    let name = format!("{}/{partition}", plain(topic));
                    untils.entry(*until_us).or_default().push(name);
                }
            }
            HandoffPosition::Archive {
                source,
                last_key,
                until_us,
            } => {
                fields.add("archive", plain(source));
                fields.add("last key", plain(last_key));
                of_archive.push_str(
                    "\nThe table contains the objects up to this key: continue with the objects after it.\n",
                );
                if let Some(until_us) = until_us {
                    let until = moment(*until_us);
                    fields.add("range ends", until.clone());
                    of_archive.push_str(&format!(
                        "From these objects it contains only the events before {until}: later events must still be read.\n"
                    ));
                }
            }
        }
    }
    let mut text = fields.render(paint);
    text.push_str(&of_archive);
    if offsets > 0 {
        text.push_str(&format!("\n{}\n", partitions.render(0, paint).trim_end()));
        for (until_us, names) in &untils {
            text.push_str(&skipping(*until_us, names, offsets));
        }
        text.push_str(
            "\nPartitions that are not listed were added later: read them from their start.\n",
        );
        let next = paint.cyan(format_args!("backfold handoff{job} --format kafka"));
        text.push_str(&format!(
            "`{next}` prints the positions for `kafka-consumer-groups --reset-offsets --from-file`\n"
        ));
    } else if pointer.handoff.positions.is_empty() {
        text.push_str("\nNo positions were stored with this build.\n");
    }
    text
}

/// The events after the offsets that a consumer must skip.
fn skipping(until_us: i64, names: &[String], partitions: usize) -> String {
    let of = match names.len() == partitions {
        true => String::new(),
        false => format!(" of {}", names.join(", ")),
    };
    format!(
        "\nAfter these offsets, events{of} with a time before {} are already in the table: skip them.\n",
        moment(until_us)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(topic: &str, partition: i32, next: i64, until_us: Option<i64>) -> HandoffPosition {
        HandoffPosition::Offset {
            topic: topic.into(),
            partition,
            next,
            until_us,
        }
    }

    fn archive(until_us: Option<i64>) -> HandoffPosition {
        HandoffPosition::Archive {
            source: "s3".into(),
            last_key: "raw/2026/01/31/23/clicks-7.gz".into(),
            until_us,
        }
    }

    fn pointer(positions: Vec<HandoffPosition>) -> Pointer {
        Pointer {
            table: "page_stats".into(),
            build: "01JZ9".into(),
            version: 2,
            previous: None,
            handoff: backfold::source::Handoff { positions },
            by: "ann@build-1".into(),
            at: "2026-03-01T11:15:00Z".into(),
        }
    }

    fn text(positions: Vec<HandoffPosition>) -> String {
        describe(&pointer(positions), " job.toml", Paint::none())
    }

    const UNTIL_US: Option<i64> = Some(1_767_225_600_000_000);

    #[test]
    fn a_consumer_continues_at_the_next_offset_of_each_partition() {
        insta::assert_snapshot!(text(vec![
            offset("clicks", 0, 1_200, None),
            offset("clicks", 1, 950, None),
        ]), @r"
        table  page_stats
        build  01JZ9, version 2

        topic   partition  next offset
        clicks          0         1200
        clicks          1          950

        Partitions that are not listed were added later: read them from their start.
        `backfold handoff job.toml --format kafka` prints the positions for `kafka-consumer-groups --reset-offsets --from-file`
        ");
    }

    #[test]
    fn events_after_the_offsets_that_are_in_the_table_have_to_be_skipped() {
        insta::assert_snapshot!(text(vec![offset("clicks", 0, 1_200, UNTIL_US)]), @r"
        table  page_stats
        build  01JZ9, version 2

        topic   partition  next offset
        clicks          0         1200

        After these offsets, events with a time before 2026-01-01T00:00:00Z are already in the table: skip them.

        Partitions that are not listed were added later: read them from their start.
        `backfold handoff job.toml --format kafka` prints the positions for `kafka-consumer-groups --reset-offsets --from-file`
        ");
        insta::assert_snapshot!(text(vec![
            offset("clicks", 0, 1_200, UNTIL_US),
            offset("views", 0, 3, None),
        ]), @r"
        table  page_stats
        build  01JZ9, version 2

        topic   partition  next offset
        clicks          0         1200
        views           0            3

        After these offsets, events of clicks/0 with a time before 2026-01-01T00:00:00Z are already in the table: skip them.

        Partitions that are not listed were added later: read them from their start.
        `backfold handoff job.toml --format kafka` prints the positions for `kafka-consumer-groups --reset-offsets --from-file`
        ");
    }

    #[test]
    fn a_reader_of_an_archive_continues_after_the_last_key() {
        insta::assert_snapshot!(text(vec![archive(None)]), @r"
        table     page_stats
        build     01JZ9, version 2
        archive   s3
        last key  raw/2026/01/31/23/clicks-7.gz

        The table contains the objects up to this key: continue with the objects after it.
        ");
        insta::assert_snapshot!(text(vec![archive(UNTIL_US)]), @r"
        table       page_stats
        build       01JZ9, version 2
        archive     s3
        last key    raw/2026/01/31/23/clicks-7.gz
        range ends  2026-01-01T00:00:00Z

        The table contains the objects up to this key: continue with the objects after it.
        From these objects it contains only the events before 2026-01-01T00:00:00Z: later events must still be read.
        ");
        insta::assert_snapshot!(text(vec![]), @r"
        table  page_stats
        build  01JZ9, version 2

        No positions were stored with this build.
        ");
    }

    #[test]
    fn kafkas_own_tool_reads_lines_and_no_header() {
        let positions = [
            offset("clicks", 0, 1_200, UNTIL_US),
            offset("clicks", 1, 0, None),
        ];
        assert_eq!(lines(&positions).unwrap(), "clicks,0,1200\nclicks,1,0\n");
        assert_eq!(lines(&[archive(None)]), None);
        assert_eq!(lines(&[]), None);
    }
}
