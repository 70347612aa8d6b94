//! `backfold handoff`: shows where a live consumer continues.

use std::collections::BTreeMap;

use anyhow::Result;
use backfold::job::JobError;
use backfold::replay::{self, Positions};
use backfold::source::{HandoffPosition, ObjectTime};
use clap::ValueEnum;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::{moment, plain};
use super::output::Format;
use super::paint::Paint;
use super::table::{Fields, Side, Table};

/// Show the positions at which a live consumer continues
///
/// backfold stores with each build the positions up to which its table is complete. A consumer that starts there neither
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
        let stored = replay::handoff(&job, build, &context.store()).await?;
        let text = match self.format {
            None => describe(&stored, &self.job.suffix(), context.paint),
            Some(Tool::Kafka) => {
                lines(&stored.handoff.positions).ok_or(JobError::FlagOfSource {
                    flag: "--format kafka",
                    table: "[source.kafka]",
                })?
            }
        };
        Answer::new(text, &stored)
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
fn describe(stored: &Positions, job: &str, paint: Paint) -> String {
    let mut fields = Fields::default();
    fields.add("table", plain(&stored.table));
    let version = match stored.version {
        Some(version) => format!("version {version}"),
        None => "not live yet".to_owned(),
    };
    fields.add("build", format!("{}, {version}", plain(&stored.build)));
    let mut partitions = Table::new(&[
        ("topic", Side::Left),
        ("partition", Side::Right),
        ("next offset", Side::Right),
    ]);
    // The partitions by the end of their range.
    let mut untils: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut offsets = 0;
    let mut of_archive = String::new();
    for position in &stored.handoff.positions {
        match position {
            HandoffPosition::Offset {
                topic,
                partition,
                next,
                until_us,
                ..
            } => {
                partitions.row([topic.clone(), partition.to_string(), next.to_string()]);
                offsets += 1;
                if let Some(until_us) = until_us {
                    let name = format!("{}/{partition}", plain(topic));
                    untils.entry(*until_us).or_default().push(name);
                }
            }
            archive @ HandoffPosition::Archive { .. } => {
                of_archive.push_str(&describe_archive(archive, &mut fields));
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
    } else if stored.handoff.positions.is_empty() {
        text.push_str("\nNo positions were stored with this build.\n");
    }
    text
}

/// Where a consumer of an archive continues, if `position` is one of an archive; its facts are added to `fields`.
fn describe_archive(position: &HandoffPosition, fields: &mut Fields) -> String {
    let HandoffPosition::Archive {
        source,
        last_key,
        since_us,
        time,
        objects,
        until_us,
    } = position
    else {
        return String::new();
    };
    fields.add("archive", plain(source));
    let mut text = match since_us {
        None => {
            fields.add("last key", plain(last_key));
            "\nThe table contains the objects up to this key: continue with the objects after it.\n"
                .to_owned()
        }
        Some(since_us) => {
            let (by, without) = match time {
                ObjectTime::Key => ("in the key", ", as well as those without a time"),
                ObjectTime::Written => ("of the last write", ""),
            };
            fields.add(
                "objects since",
                format!("{}, the time {by}", moment(*since_us)),
            );
            fields.add("folded", objects.len().to_string());
            format!(
                "\nThe table contains all earlier objects. Of those since then{without}, it contains the ones that\n\
                 `--output json` lists as `objects`: continue with the others.\n"
            )
        }
    };
    if let Some(until_us) = until_us {
        let until = moment(*until_us);
        fields.add("range ends", until.clone());
        text.push_str(&format!(
            "The table contains only the events before {until}: later events of the objects that it contains must still\n\
             be read.\n"
        ));
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
            source: "kafka".into(),
            topic: topic.into(),
            partition,
            next,
            until_us,
        }
    }

    fn archive(time: ObjectTime, until_us: Option<i64>) -> HandoffPosition {
        HandoffPosition::Archive {
            source: "s3".into(),
            last_key: "raw/2026/01/31/23/clicks-7.gz".into(),
            since_us: UNTIL_US.map(|us| us - 86_400_000_000),
            time,
            objects: vec!["raw/2026/01/31/23/clicks-7.gz".into()],
            until_us,
        }
    }

    fn stored(positions: Vec<HandoffPosition>) -> Positions {
        Positions {
            table: "page_stats".into(),
            build: "01JZ9".into(),
            version: Some(2),
            handoff: backfold::source::Handoff { positions },
        }
    }

    fn text(positions: Vec<HandoffPosition>) -> String {
        describe(&stored(positions), " job.toml", Paint::none())
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
    fn a_reader_of_an_archive_continues_with_what_was_not_read() {
        insta::assert_snapshot!(text(vec![archive(ObjectTime::Written, None)]), @r"
        table          page_stats
        build          01JZ9, version 2
        archive        s3
        objects since  2025-12-31T00:00:00Z, the time of the last write
        folded         1

        The table contains all earlier objects. Of those since then, it contains the ones that
        `--output json` lists as `objects`: continue with the others.
        ");
        insta::assert_snapshot!(text(vec![archive(ObjectTime::Key, UNTIL_US)]), @r"
        table          page_stats
        build          01JZ9, version 2
        archive        s3
        objects since  2025-12-31T00:00:00Z, the time in the key
        folded         1
        range ends     2026-01-01T00:00:00Z

        The table contains all earlier objects. Of those since then, as well as those without a time, it contains the ones that
        `--output json` lists as `objects`: continue with the others.
        The table contains only the events before 2026-01-01T00:00:00Z: later events of the objects that it contains must still
        be read.
        ");
        let of_earlier_release = HandoffPosition::Archive {
            source: "s3".into(),
            last_key: "raw/2026/01/31/23/clicks-7.gz".into(),
            since_us: None,
            time: ObjectTime::default(),
            objects: Vec::new(),
            until_us: None,
        };
        insta::assert_snapshot!(text(vec![of_earlier_release]), @r"
        table     page_stats
        build     01JZ9, version 2
        archive   s3
        last key  raw/2026/01/31/23/clicks-7.gz

        The table contains the objects up to this key: continue with the objects after it.
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
        assert_eq!(lines(&[archive(ObjectTime::Key, None)]), None);
        assert_eq!(lines(&[]), None);
    }
}
