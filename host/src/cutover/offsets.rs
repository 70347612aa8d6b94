//! The checks of offsets: an archive holds each offset of a topic, and each once.

use std::ops::Range;

use super::options::GateOptions;
use super::verdict::Check;
use crate::fold::FoldedOffsets;
use crate::source::offsets::len;
use crate::units::counted;

/// The effect of `allow_overlaps`, and the remedy that keeps the table right.
const COUNTS_TWICE: &str = "accepts a table in which these records count more than once: leave out the objects that do not \
    belong to the archive instead, by `exclude` or a `layout` that knows them";

/// The most places that a check names.
const PLACES_LIMIT: usize = 5;

/// The checks, where keys of objects name offsets.
///
/// Where the job has a range in time (`is_narrowed`), the neighbours of records that a partitioner scattered may lie
/// outside of that range: then gaps are reported, but refuse nothing.
pub(super) fn checks(
    folded: &FoldedOffsets,
    is_narrowed: bool,
    options: &GateOptions,
) -> Vec<Check> {
    if folded.is_empty() {
        return Vec::new();
    }
    vec![
        gaps(folded, is_narrowed, options.allow_gaps),
        overlaps(folded, options.allow_overlaps),
    ]
}

fn gaps(folded: &FoldedOffsets, is_narrowed: bool, are_allowed: bool) -> Check {
    let mut missing = Places::default();
    let (mut held, mut judged, mut unjudged) = (0, 0, 0);
    for (partition, offsets) in folded.partitions() {
        if is_narrowed && offsets.scattered {
            unjudged += 1;
            continue;
        }
        judged += 1;
        held += offsets
            .covered
            .ranges()
            .map(|range| len(&range))
            .sum::<u64>();
        for gap in offsets.covered.gaps() {
            missing.add(len(&gap), || format!("{partition} {}", shown(&gap)));
        }
    }
    let mut text = match missing.offsets {
        0 => format!("partitions whose {held} offsets follow on one another: {judged}"),
        offsets => format!(
            "offsets missing between objects: {offsets}, at {}{}",
            missing.list(),
            allowance(
                "allow_gaps",
                are_allowed,
                "accepts a table without their records, if there were any"
            )
        ),
    };
    if unjudged > 0 {
        text += &format!(
            "; partitions not judged, since a partitioner dealt their records out beyond the job's range: {unjudged}"
        );
    }
    Check {
        name: "gaps".to_owned(),
        passed: are_allowed || missing.offsets == 0,
        text,
        found: missing.found("missing offset", are_allowed),
        wanted: wanted("allow_gaps", are_allowed),
    }
}

fn overlaps(folded: &FoldedOffsets, are_allowed: bool) -> Check {
    let mut repeated = Places::default();
    for (partition, offsets) in folded.partitions() {
        if offsets.repeated > 0 {
            let number = offsets.repeated;
            repeated.add(number, || format!("{number} of {partition}"));
        }
    }
    let text = match repeated.offsets {
        0 => "no offset was folded twice".to_owned(),
        offsets => format!(
            "offsets folded twice, since two objects hold them: {offsets}; of these, {}{}",
            repeated.list(),
            allowance("allow_overlaps", are_allowed, COUNTS_TWICE)
        ),
    };
    Check {
        name: "overlaps".to_owned(),
        passed: are_allowed || repeated.offsets == 0,
        text,
        found: repeated.found("repeated offset", are_allowed),
        wanted: wanted("allow_overlaps", are_allowed),
    }
}

/// The threshold of a fault that a setting allows.
fn wanted(setting: &str, is_given: bool) -> String {
    match is_given {
        true => format!("any number: `gate.{setting}`"),
        false => "none".to_owned(),
    }
}

/// The setting that allows a fault, with the effect that it has on the table.
fn allowance(setting: &str, is_given: bool, effect: &str) -> String {
    match is_given {
        true => ", which the job allows".to_owned(),
        false => format!("; `gate.{setting} = true` {effect}"),
    }
}

fn shown(range: &Range<i64>) -> String {
    match len(range) {
        1 => range.start.to_string(),
        _ => format!("{} to {}", range.start, range.end - 1),
    }
}

/// Offsets, and the first places where they are.
#[derive(Default)]
struct Places {
    offsets: u64,
    named: Vec<String>,
    more: u64,
}

impl Places {
    fn add(&mut self, offsets: u64, place: impl FnOnce() -> String) {
        self.offsets += offsets;
        if self.named.len() < PLACES_LIMIT {
            self.named.push(place());
        } else {
            self.more += 1;
        }
    }

    /// The figure of a check, with the places where they are allowed: the sentence is not shown of a check that holds.
    fn found(&self, thing: &str, are_allowed: bool) -> String {
        let number = counted(self.offsets, thing);
        match are_allowed && self.offsets > 0 {
            true => format!("{number}: {}", self.list()),
            false => number,
        }
    }

    fn list(&self) -> String {
        let more = match self.more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", self.named.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(options: &GateOptions, is_narrowed: bool, partitions: serde_json::Value) -> String {
        let folded: FoldedOffsets = serde_json::from_value(partitions).unwrap();
        let checks = checks(&folded, is_narrowed, options).into_iter();
        let lines: Vec<_> = checks
            .map(|check| format!("{} {} {}", check.passed, check.name, check.text))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn gaps_and_overlaps_refuse_unless_they_are_allowed() {
        let strict = GateOptions::default();
        let whole = json!([
            { "topic": "clicks", "partition": 0, "covered": [[5, 100]] },
            { "topic": "clicks", "partition": 1, "covered": [[0, 7]], "claimed": [[0, 3], [5, 7]] },
        ]);
        insta::assert_snapshot!(texts(&strict, false, whole), @r"
        true gaps partitions whose 102 offsets follow on one another: 2
        true overlaps no offset was folded twice
        ");
        let broken = json!([
            { "topic": "", "partition": 0, "covered": [[0, 10], [11, 20], [30, 40]], "repeated": 3 },
            { "topic": "t", "partition": 7, "covered": [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]] },
        ]);
        insta::assert_snapshot!(texts(&strict, false, broken.clone()), @r"
        false gaps offsets missing between objects: 15, at partition 0 10, partition 0 20 to 29, t/7 1, t/7 3, t/7 5 and 1 more; `gate.allow_gaps = true` accepts a table without their records, if there were any
        false overlaps offsets folded twice, since two objects hold them: 3; of these, 3 of partition 0; `gate.allow_overlaps = true` accepts a table in which these records count more than once: leave out the objects that do not belong to the archive instead, by `exclude` or a `layout` that knows them
        ");
        let lenient = GateOptions {
            allow_gaps: true,
            allow_overlaps: true,
            ..GateOptions::default()
        };
        insta::assert_snapshot!(texts(&lenient, false, broken), @r"
        true gaps offsets missing between objects: 15, at partition 0 10, partition 0 20 to 29, t/7 1, t/7 3, t/7 5 and 1 more, which the job allows
        true overlaps offsets folded twice, since two objects hold them: 3; of these, 3 of partition 0, which the job allows
        ");
        assert_eq!(texts(&strict, false, json!([])), "");
        let scattered = json!([
            { "topic": "t", "partition": 0, "covered": [[0, 10], [11, 20]], "scattered": true },
            { "topic": "t", "partition": 1, "covered": [[0, 10]] },
        ]);
        assert!(texts(&strict, false, scattered.clone()).starts_with("false gaps"));
        insta::assert_snapshot!(texts(&strict, true, scattered), @r"
        true gaps partitions whose 10 offsets follow on one another: 1; partitions not judged, since a partitioner dealt their records out beyond the job's range: 1
        true overlaps no offset was folded twice
        ");
    }
}
