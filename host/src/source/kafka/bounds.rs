//! The offsets that the range of a job selects in each partition.

use std::time::Duration;

use super::client::Client;
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::offsets::{self, OffsetAt};
use crate::source::range::{Bound, RangeConfig};
use crate::source::{EventRange, TopicPartition};

/// The range of a job.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// The range as written; its offsets count.
    pub(super) written: RangeConfig,
    /// The range as resolved to event time; its times count.
    pub(super) range: EventRange,
    /// The largest distance between the time of an event and the timestamp of its record.
    pub(super) lateness: Duration,
}

/// The start and the end of a partition's log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) partition: TopicPartition,
    /// The first offset.
    pub(super) start: i64,
    /// The offset after the last one that no open transaction holds back.
    pub(super) stable_end: i64,
    /// The offset after the last one.
    pub(super) end: i64,
}

impl Log {
    fn after_start(&self, count: u64) -> i64 {
        self.start.saturating_add_unsigned(count)
    }

    /// The offset `count` before the end, but not before the start.
    fn before_end(&self, count: u64) -> i64 {
        let offset = self.stable_end.saturating_sub_unsigned(count);
        offset.max(self.start)
    }
}

/// The offsets of a partition that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetRange {
    pub(super) start: i64,
    pub(super) end: i64,
    /// The offset at which a live consumer continues. It is before `end` if records before `end` may be later than the
    /// range.
    pub(super) next: i64,
}

impl Bounds {
    /// The offsets to read in each of `logs`. Records that were appended after the ends of `logs` were fetched are left
    /// out.
    pub(super) fn ranges(
        &self,
        client: &Client,
        config: &KafkaConfig,
        logs: &[Log],
    ) -> Result<Vec<OffsetRange>, KafkaError> {
        self.check_names(logs)?;
        let partitions: Vec<_> = logs.iter().map(|log| log.partition.clone()).collect();
        let at = |moment_us: Option<i64>| match moment_us {
            None => Ok(vec![None; logs.len()]),
            Some(us) => {
                let at = OffsetAt::Time(us.div_euclid(1000));
                offsets::fetch(client, config, &partitions, at)
            }
        };
        let late = i64::try_from(self.lateness.as_micros()).unwrap_or(i64::MAX);
        let EventRange { from_us, until_us } = self.range;
        let firsts = at(from_us.map(|us| us.saturating_sub(late)))?;
        let nexts = at(until_us.map(|us| us.saturating_sub(late)))?;
        // Rounded up: a record with the same millisecond may still be before the end.
        let ends = at(until_us.map(|us| us.saturating_add(late).saturating_add(999)))?;
        let mut ranges = Vec::new();
        for (at, log) in logs.iter().enumerate() {
            let start = match from_us {
                Some(_) => firsts[at].unwrap_or(log.stable_end),
                None => first(&self.written.from, log)?,
            };
            let end = match until_us {
                Some(_) => ends[at].unwrap_or(log.stable_end),
                None => end(&self.written.to, log)?,
            };
            // Records that were appended meanwhile are not part of the plan.
            let end = end.min(log.stable_end);
            let start = start.min(end);
            let next = match until_us {
                Some(_) => nexts[at].map_or(end, |next| next.clamp(start, end)),
                None => end,
            };
            ranges.push(OffsetRange { start, end, next });
        }
        Ok(ranges)
    }

    /// Checks that the partitions in the range exist and are unambiguous.
    fn check_names(&self, logs: &[Log]) -> Result<(), KafkaError> {
        for bound in [&self.written.from, &self.written.to] {
            let Bound::Offsets(offsets) = bound else {
                continue;
            };
            for (name, _) in offsets.iter() {
                let mut matching = logs.iter().filter(|log| name.is(&log.partition));
                let problem = match (matching.next(), matching.next()) {
                    (None, _) => "is given in the job, but there is no such partition",
                    (Some(_), Some(_)) => {
                        "is given without its topic, but there are several topics"
                    }
                    (Some(_), None) => continue,
                };
                return Err(KafkaError::Bound {
                    partition: TopicPartition {
                        topic: name.topic.clone().unwrap_or_default(),
                        partition: name.partition,
                    },
                    problem: problem.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The first offset of the range.
fn first(bound: &Bound, log: &Log) -> Result<i64, KafkaError> {
    let exact = |offset: i64| {
        if offset < log.start {
            return Err(KafkaError::Gone {
                partition: log.partition.clone(),
                start: offset,
                end: log.start - 1,
                log_start: log.start,
            });
        }
        within(offset, log, "begins")
    };
    match bound {
        Bound::Offset(offset) => exact(*offset),
        Bound::AfterStart(count) => Ok(log.after_start(*count)),
        Bound::BeforeEnd(count) => Ok(log.before_end(*count)),
        Bound::Offsets(offsets) => match offsets.get(&log.partition) {
            Some(offset) => exact(offset),
            // The partition was added after the offsets were written.
            None => Ok(log.start),
        },
        _ => Ok(log.start),
    }
}

/// The offset after the last one of the range.
fn end(bound: &Bound, log: &Log) -> Result<i64, KafkaError> {
    match bound {
        Bound::Offset(offset) => within(*offset, log, "ends"),
        Bound::AfterStart(count) => Ok(log.after_start(*count)),
        Bound::BeforeEnd(count) => Ok(log.before_end(*count)),
        Bound::Offsets(offsets) => match offsets.get(&log.partition) {
            Some(offset) => within(offset, log, "ends"),
            None => Err(KafkaError::Bound {
                partition: log.partition.clone(),
                problem: "has no end: `to` has offsets for other partitions only".to_owned(),
            }),
        },
        _ => Ok(log.stable_end),
    }
}

/// Checks that the log has reached `offset`.
fn within(offset: i64, log: &Log, does: &str) -> Result<i64, KafkaError> {
    if offset <= log.end {
        return Ok(offset);
    }
    Err(KafkaError::Bound {
        partition: log.partition.clone(),
        problem: format!("{does} at {offset}, but its log ends at {}", log.end),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        Log {
            partition: TopicPartition {
                topic: "t".to_owned(),
                partition: 1,
            },
            start: 10,
            stable_end: 90,
            end: 100,
        }
    }

    fn bound(text: &str) -> Bound {
        text.parse().unwrap()
    }

    #[test]
    fn a_bound_is_an_offset_of_the_log() {
        for (text, from, to) in [
            ("earliest", 10, 90),
            ("10", 10, 10),
            ("95", 95, 95),
            ("+5", 15, 15),
            ("-5", 85, 85),
            ("-500", 10, 10),
            ("t/1=20", 20, 20),
            ("1=20,0=3", 20, 20),
        ] {
            assert_eq!(first(&bound(text), &log()).unwrap(), from, "{text}");
            assert_eq!(end(&bound(text), &log()).unwrap(), to, "{text}");
        }
        assert_eq!(first(&bound("t/0=20"), &log()).unwrap(), 10);
    }

    #[test]
    fn offsets_that_the_log_does_not_have_are_refused() {
        insta::assert_snapshot!(first(&bound("7"), &log()).unwrap_err(), @"offsets 7 to 9 of t/1 are gone: its log begins at 10");
        insta::assert_snapshot!(first(&bound("101"), &log()).unwrap_err(), @"the range of t/1 begins at 101, but its log ends at 100");
        insta::assert_snapshot!(end(&bound("101"), &log()).unwrap_err(), @"the range of t/1 ends at 101, but its log ends at 100");
        insta::assert_snapshot!(end(&bound("0=1"), &log()).unwrap_err(), @"the range of t/1 has no end: `to` has offsets for other partitions only");
    }
}
