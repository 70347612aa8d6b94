//! From what a job says of its range to offsets, partition by partition.

use std::time::Duration;

use super::KafkaConfig;
use super::client::Client;
use super::failure::KafkaError;
use super::offsets::{Ask, Watermarks};
use crate::source::range::{Bound, RangeConfig};
use crate::source::{EventRange, TopicPartition};

/// What a job wants of each partition.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// As written: offsets count.
    pub(super) written: RangeConfig,
    /// As it was resolved: times count.
    pub(super) range: EventRange,
    pub(super) lateness: Duration,
}

/// The ends of a partition's log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) partition: TopicPartition,
    /// The first offset that it has.
    pub(super) start: i64,
    /// The one behind the last that no open transaction holds back.
    pub(super) stable_end: i64,
    /// The one behind the last.
    pub(super) end: i64,
}

impl Log {
    fn after_start(&self, count: u64) -> i64 {
        self.start.saturating_add_unsigned(count)
    }

    /// Not before the log begins.
    fn before_end(&self, count: u64) -> i64 {
        let offset = self.stable_end.saturating_sub_unsigned(count);
        offset.max(self.start)
    }
}

/// What of a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Where a live consumer goes on; before `end` where later records may lie in front of it.
    pub(super) next: i64,
}

impl Bounds {
    /// What is read of each of `logs`, whose ends were asked for before: so what comes since is left out.
    pub(super) fn stretches(
        &self,
        client: &Client,
        config: &KafkaConfig,
        logs: &[Log],
    ) -> Result<Vec<Stretch>, KafkaError> {
        self.check_names(logs)?;
        let partitions: Vec<_> = logs.iter().map(|log| log.partition.clone()).collect();
        let at = |moment_us: Option<i64>| match moment_us {
            None => Ok(vec![None; logs.len()]),
            Some(us) => {
                let ask = Ask::At(us.div_euclid(1000));
                Watermarks::ask(client, config, &partitions, ask)
            }
        };
        let late = i64::try_from(self.lateness.as_micros()).unwrap_or(i64::MAX);
        let EventRange { from_us, until_us } = self.range;
        let firsts = at(from_us.map(|us| us.saturating_sub(late)))?;
        let nexts = at(until_us.map(|us| us.saturating_sub(late)))?;
        // Rounded up: a record of the same millisecond may still be before it.
        let ends = at(until_us.map(|us| us.saturating_add(late).saturating_add(999)))?;
        let mut stretches = Vec::new();
        for (at, log) in logs.iter().enumerate() {
            let start = match from_us {
                Some(_) => firsts[at].unwrap_or(log.stable_end),
                None => first(&self.written.from, log)?,
            };
            let end = match until_us {
                Some(_) => ends[at].unwrap_or(log.stable_end),
                None => end(&self.written.to, log)?,
            };
            // What was appended meanwhile is none of this plan.
            let end = end.min(log.stable_end);
            let start = start.min(end);
            let next = match until_us {
                Some(_) => nexts[at].map_or(end, |next| next.clamp(start, end)),
                None => end,
            };
            stretches.push(Stretch { start, end, next });
        }
        Ok(stretches)
    }

    /// Refuses partitions that are named and not there.
    fn check_names(&self, logs: &[Log]) -> Result<(), KafkaError> {
        for bound in [&self.written.from, &self.written.to] {
            let Bound::Offsets(offsets) = bound else {
                continue;
            };
            for (name, _) in offsets.iter() {
                let mut meant = logs.iter().filter(|log| name.is(&log.partition));
                let problem = match (meant.next(), meant.next()) {
                    (None, _) => "is named in the job, and there is no such partition",
                    (Some(_), Some(_)) => "is named without its topic, of which there are several",
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

/// The first offset that is meant.
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
            // It was added after they were written down.
            None => Ok(log.start),
        },
        _ => Ok(log.start),
    }
}

/// The offset behind the last that is meant.
fn end(bound: &Bound, log: &Log) -> Result<i64, KafkaError> {
    match bound {
        Bound::Offset(offset) => within(*offset, log, "ends"),
        Bound::AfterStart(count) => Ok(log.after_start(*count)),
        Bound::BeforeEnd(count) => Ok(log.before_end(*count)),
        Bound::Offsets(offsets) => match offsets.get(&log.partition) {
            Some(offset) => within(offset, log, "ends"),
            None => Err(KafkaError::Bound {
                partition: log.partition.clone(),
                problem: "has no end: `to` names other partitions, and not this one".to_owned(),
            }),
        },
        _ => Ok(log.stable_end),
    }
}

/// An offset that the log has reached.
fn within(offset: i64, log: &Log, does: &str) -> Result<i64, KafkaError> {
    if offset <= log.end {
        return Ok(offset);
    }
    Err(KafkaError::Bound {
        partition: log.partition.clone(),
        problem: format!("{does} at {offset}, and its log ends at {}", log.end),
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
    fn what_the_log_does_not_have_is_refused() {
        insta::assert_snapshot!(first(&bound("7"), &log()).unwrap_err(), @"offsets 7 to 9 of t/1 are gone: its log begins at 10");
        insta::assert_snapshot!(first(&bound("101"), &log()).unwrap_err(), @"the range of t/1 begins at 101, and its log ends at 100");
        insta::assert_snapshot!(end(&bound("101"), &log()).unwrap_err(), @"the range of t/1 ends at 101, and its log ends at 100");
        insta::assert_snapshot!(end(&bound("0=1"), &log()).unwrap_err(), @"the range of t/1 has no end: `to` names other partitions, and not this one");
    }
}
