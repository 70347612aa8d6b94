//! A review for tests: a build that is refused, with a fault of every kind, in which each text is given.

use serde_json::json;

use crate::decode::{ConditionPresence, Counts, InputPresence, Position, PresenceReport};
use crate::fold::{RejectedBy, StageTimes};
use crate::replay::review::{
    Back, Bar, Coverage, NamedSplit, PartitionCoverage, Recorded, RejectedReason, RejectedSample,
    Review, SplitCell, SplitGrid, Stretch, StretchState, Timeline, Verdict,
};
use crate::replay::{ComponentInfo, ReasonCount};
use crate::source::{EventRange, Frozen, TopicPartition};
use crate::store::{Loaded, Pointer};

const HOUR_US: i64 = 3_600_000_000;

/// How many of everything there are.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) splits: u64,
    /// Checks, columns, notes, reasons, partitions, inputs.
    pub(super) items: usize,
}

pub(super) const SMALL: Size = Size {
    splits: 12,
    items: 3,
};

/// A pointer to a build.
pub(super) fn pointer(text: &str, version: u64) -> Pointer {
    Pointer {
        table: text.to_owned(),
        build: text.to_owned(),
        version,
        previous: Some(text.to_owned()),
        by: text.to_owned(),
        at: "2026-03-01T12:00:00Z".to_owned(),
    }
}

/// A review in which `text` stands wherever a name, a key, a reason or a record does.
pub(super) fn review(text: &str, size: Size) -> Review {
    Review {
        table: text.to_owned(),
        build: "01M8RSDQQRKYMCF2DPG6VBB74G".to_owned(),
        shadow: text.to_owned(),
        target: text.to_owned(),
        folder: text.into(),
        manifest_digest: text.to_owned(),
        component: ComponentInfo {
            name: text.to_owned(),
            version: text.to_owned(),
            digest: "0".repeat(64),
            path: text.into(),
        },
        driver: text.to_owned(),
        range: EventRange {
            from_us: Some(0),
            until_us: Some(HOUR_US),
        },
        based_on: None,
        frozen: Frozen {
            splits: size.splits,
            objects: size.splits,
            size_bytes: 1 << 30,
            notes: vec![text.to_owned(); size.items],
            ..Frozen::default()
        },
        planned_at: "2026-03-01T11:00:00Z".to_owned(),
        loaded_at: Some(text.to_owned()),
        verdict: Verdict::Refused,
        worker: Some(text.to_owned()),
        loaded: Some(Loaded {
            rows: 1_234,
            digest: text.to_owned(),
        }),
        live: Some(pointer(text, 3)),
        back: Back {
            build: Some(text.to_owned()),
            is_there: true,
        },
        recorded: Some(recorded(text, size.items)),
        problems: vec![text.to_owned()],
        counts: Counts {
            records: 9_000,
            swallowed_bytes: 77,
            ..Counts::default()
        },
        presence: presence(text, size.items),
        workers: StageTimes {
            decode: 5_000_000,
            ..StageTimes::default()
        },
        coverage: coverage(text, size.items),
        splits: splits(text, size.splits),
        rejected: 42,
        reasons: vec![reason(text); size.items],
    }
}

fn recorded(text: &str, items: usize) -> Recorded {
    let check = |passed| json!({ "name": text, "passed": passed, "text": text, "found": text, "wanted": text });
    let column = json!({
        "name": text, "kind": "int64", "differ": 7,
        "largest": { "by": text, "old": text, "new": text, "key": text },
        "drift": {
            "old": { "rows": 1200, "nulls": 0, "sum": 1e6, "mean": 833.3 },
            "new": { "rows": 1234, "nulls": 17, "sum": 2e6, "mean": 1620.7 },
        },
    });
    // More than a page shows.
    let row = json!({ "key": text, "columns": vec![(text, text, text); items.min(20)] });
    let row_count = items.min(20);
    let named = json!({ "name": text, "kind": text });
    let index = json!({ "definition": text });
    let report = json!({
        "build": "01M8RSDQQRKYMCF2DPG6VBB74G",
        "written_at": "2026-03-01T11:30:00Z",
        "loaded": { "rows": 1234, "digest": text },
        "stages": [{ "stage": text, "seconds": 3.5 }],
        "gate": { "checks": (0..items).map(|place| check(place > 0)).collect::<Vec<_>>() },
        "diff": {
            "live_version": 3,
            "old": { "build": text, "rows": 1200 },
            "new": { "build": text, "rows": 1234 },
            "counts": { "only_old": 6, "only_new": 40, "both": 1194, "equal": 1187 },
            "schema": {
                "added": vec![&named; items], "removed": vec![&named; items],
                "retyped": vec![(text, text, text); items],
            },
            "indexes": { "added": vec![&index; items], "removed": vec![&index; items] },
            "columns": vec![&column; items],
            "samples": {
                "only_old": vec![text; items], "only_new": vec![text; items],
                "changed": vec![&row; row_count],
            },
        },
        "notes": vec![text; items],
    });
    serde_json::from_value(report).expect("a report")
}

fn presence(text: &str, items: usize) -> PresenceReport {
    let input = InputPresence {
        input: text.to_owned(),
        path: Some(text.to_owned()),
        header: None,
        present: 0,
        nearest: vec![text.to_owned()],
    };
    let condition = ConditionPresence {
        path: text.to_owned(),
        any_of: vec![text.to_owned()],
        lacking: 3,
    };
    PresenceReport {
        events: 8_958,
        inputs: vec![input; items],
        conditions: vec![condition; items],
    }
}

fn coverage(text: &str, items: usize) -> Coverage {
    // The worst picture: states that alternate.
    let stretches = (0..120).map(|place| Stretch {
        columns: 1,
        state: match place % 3 {
            0 => StretchState::Folded,
            1 => StretchState::Pending,
            _ => StretchState::Missing,
        },
    });
    let partition = PartitionCoverage {
        partition: TopicPartition {
            topic: text.to_owned(),
            partition: 7,
        },
        start: 0,
        end: i64::MAX,
        stretches: stretches.collect(),
        pending: 40,
        missing: 40,
        gaps: 40,
        first_gaps: vec![2..3, 5..6, 8..9],
        repeated: 1,
        first_us: None,
        last_us: None,
    };
    let bar = |place: u64| Bar {
        objects: place * 7 % 13,
        done: place * 7 % 13 / 2,
        is_missing: place.is_multiple_of(4),
    };
    Coverage {
        timeline: Some(Timeline {
            is_by_key: true,
            begin_us: 0,
            end_us: 180 * HOUR_US,
            bars: (0..180).map(bar).collect(),
            bar_us: HOUR_US,
            without_time: 2,
            gaps: 45,
            missing_us: 45 * HOUR_US,
            first_gaps: vec![(0, HOUR_US), (4 * HOUR_US, 5 * HOUR_US)],
        }),
        partitions: vec![partition; items.min(40)],
        partitions_left_out: items.saturating_sub(40) as u64,
        missing: 40 * items as u64,
    }
}

fn splits(text: &str, total: u64) -> SplitGrid {
    let per_cell = total.div_ceil(480).max(1);
    let cell = |place: u64| SplitCell {
        splits: per_cell,
        done: if place.is_multiple_of(5) { 0 } else { per_cell },
        rejected: place % 2,
        micros: place % 7 * 1_000_000,
    };
    let named = |number| NamedSplit {
        number,
        input: text.to_owned(),
        size_bytes: 1 << 20,
        records: 100,
        rejected: 1,
        micros: 7_000_000,
    };
    SplitGrid {
        total,
        done: total / 5 * 4,
        with_rejections: total / 2,
        per_cell,
        cells: (0..total.div_ceil(per_cell)).map(cell).collect(),
        median_micros: 2_000_000,
        slowest: (0..5).map(named).collect(),
        pending: (5..10).map(named).collect(),
    }
}

fn reason(text: &str) -> RejectedReason {
    let sample = RejectedSample {
        number: 1,
        position: text.to_owned(),
        reason: text.to_owned(),
        record: Some(text.to_owned()),
        is_base64: true,
        length_bytes: 100,
        details: vec![text.to_owned(); 12],
    };
    RejectedReason {
        count: ReasonCount {
            count: 14,
            rejected_by: RejectedBy::Component,
            path: Some(text.to_owned()),
            reason: text.to_owned(),
            first: 1,
            position: Position {
                source: text.into(),
                partition: None,
                offset: 3,
                byte: None,
            },
        },
        samples: vec![sample; 2],
    }
}
