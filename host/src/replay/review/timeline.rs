//! The objects of an archive over time: by the time in their keys, or where keys have none by the time of their last
//! write.

use crate::plan::{InputPlan, InputSource};
use crate::source::{EventRange, Object, SourceConfig};

/// The most bars of a timeline.
const BARS: u64 = 180;

/// The bars where objects are shown by the time of their last write.
const WRITTEN_BARS: u64 = 60;

/// The most steps in which gaps are looked for: a bit each.
const STEPS: u64 = 1 << 20;

/// The most gaps that are named.
const GAPS: usize = 5;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

/// The objects of an archive over time. Times are in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Whether the time is that in the keys; otherwise it is that of the last write, and no gap is looked for.
    pub is_by_key: bool,
    /// Where it begins.
    pub begin_us: i64,
    /// Where it ends.
    pub end_us: i64,
    /// The bars, each of the same time but the last.
    pub bars: Vec<Bar>,
    /// The time of a bar.
    pub bar_us: i64,
    /// Objects without a time in their key.
    pub without_time: u64,
    /// Stretches of time without an object.
    pub gaps: u64,
    /// The time of all these together.
    pub missing_us: i64,
    /// The first of these stretches.
    pub first_gaps: Vec<(i64, i64)>,
}

/// The objects whose time begins within a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// How many.
    pub objects: u64,
    /// How many of them are folded.
    pub done: u64,
    /// Whether part of the bar's time has no object.
    pub is_missing: bool,
}

/// Collects the objects in two passes.
pub(super) struct TimelineBuilder {
    source: Option<SourceConfig>,
    range: EventRange,
    keyed: Bounds,
    /// The shortest span of a key.
    shortest_us: i64,
    written: Bounds,
    without_time: u64,
    line: Timeline,
    /// The steps that an object covers.
    covered: Vec<u64>,
    step_us: i64,
    steps: u64,
}

/// The earliest and the latest moment seen.
#[derive(Clone, Copy)]
struct Bounds {
    begin_us: i64,
    end_us: i64,
}

impl Bounds {
    const NONE: Bounds = Bounds {
        begin_us: i64::MAX,
        end_us: i64::MIN,
    };

    fn add(&mut self, begin_us: i64, end_us: i64) {
        self.begin_us = self.begin_us.min(begin_us);
        self.end_us = self.end_us.max(end_us);
    }

    fn is_empty(self) -> bool {
        self.begin_us >= self.end_us
    }
}

impl TimelineBuilder {
    pub(super) fn new(input: &InputPlan) -> Self {
        let source = match &input.source {
            InputSource::History { settings, .. } => Some(settings.clone()),
            InputSource::Rejected(_) | InputSource::Unknown { .. } => None,
        };
        TimelineBuilder {
            source,
            range: input.range,
            keyed: Bounds::NONE,
            shortest_us: i64::MAX,
            written: Bounds::NONE,
            without_time: 0,
            line: Timeline::default(),
            covered: Vec::new(),
            step_us: 0,
            steps: 0,
        }
    }

    /// The span in the key of an object.
    fn span(&self, object: &Object) -> Option<(i64, i64)> {
        let span = self.source.as_ref()?.span_of(&object.key)?;
        let (begin_us, end_us) = (span.from_us?, span.until_us?);
        (begin_us < end_us).then_some((begin_us, end_us))
    }

    pub(super) fn measure(&mut self, object: &Object) {
        self.written.add(object.modified_us, object.modified_us + 1);
        match self.span(object) {
            Some((begin_us, end_us)) => {
                self.keyed.add(begin_us, end_us);
                self.shortest_us = self.shortest_us.min(end_us - begin_us);
            }
            None => self.without_time += 1,
        }
    }

    pub(super) fn lay_out(&mut self) {
        let is_by_key = !self.keyed.is_empty();
        let bounds = match is_by_key {
            true => self.wanted(),
            false => self.written,
        };
        if bounds.is_empty() {
            return;
        }
        let whole_us = bounds.end_us.abs_diff(bounds.begin_us);
        let bar_us = match is_by_key {
            true => {
                let most = whole_us.div_ceil(BARS).max(1);
                most.next_multiple_of(self.shortest_us as u64)
            }
            false => whole_us.div_ceil(WRITTEN_BARS).max(1),
        };
        let bars = whole_us.div_ceil(bar_us) as usize;
        self.line = Timeline {
            is_by_key,
            begin_us: bounds.begin_us,
            end_us: bounds.end_us,
            bars: vec![Bar::default(); bars],
            bar_us: bar_us as i64,
            without_time: if is_by_key { self.without_time } else { 0 },
            ..Timeline::default()
        };
        if is_by_key {
            self.step_us = step(self.shortest_us);
            self.steps = whole_us.div_ceil(self.step_us as u64);
            if self.steps <= STEPS {
                self.covered = vec![0; self.steps.div_ceil(64) as usize];
            }
        }
    }

    /// The time of the keys, and that of the job's range: an archive that begins too late has a gap at its begin.
    fn wanted(&self) -> Bounds {
        let mut bounds = self.keyed;
        let unit = self.shortest_us;
        let aligned = |at_us: i64, up: bool| {
            let past = at_us.checked_sub(bounds.begin_us)?.rem_euclid(unit);
            at_us.checked_sub(past)?.checked_add(match up && past > 0 {
                true => unit,
                false => 0,
            })
        };
        // Units that lie in the range in part may be those that are not written yet.
        let from = self.range.from_us.and_then(|from| aligned(from, true));
        let until = self.range.until_us.and_then(|until| aligned(until, false));
        let (from, until) = (
            from.unwrap_or(bounds.begin_us),
            until.unwrap_or(bounds.end_us),
        );
        bounds.add(from.min(bounds.begin_us), until.max(bounds.end_us));
        bounds
    }

    pub(super) fn see(&mut self, object: &Object, is_done: bool) {
        if self.line.bars.is_empty() {
            return;
        }
        let (begin_us, end_us) = match self.line.is_by_key {
            true => match self.span(object) {
                Some(span) => span,
                None => return,
            },
            false => (object.modified_us, object.modified_us + 1),
        };
        let from_begin = begin_us.abs_diff(self.line.begin_us);
        let bar = (from_begin / self.line.bar_us as u64) as usize;
        if let Some(bar) = self.line.bars.get_mut(bar) {
            bar.objects += 1;
            bar.done += u64::from(is_done);
        }
        if !self.covered.is_empty() {
            let first = from_begin / self.step_us as u64;
            let last = end_us
                .abs_diff(self.line.begin_us)
                .div_ceil(self.step_us as u64);
            for step in first..last.min(self.steps) {
                self.covered[(step / 64) as usize] |= 1 << (step % 64);
            }
        }
    }

    /// The timeline; `None` where no object has been seen.
    pub(super) fn finish(mut self) -> Option<Timeline> {
        if self.line.bars.is_empty() {
            return None;
        }
        if !self.covered.is_empty() {
            self.find_gaps();
        }
        Some(self.line)
    }

    fn find_gaps(&mut self) {
        let is_covered = |step: u64| self.covered[(step / 64) as usize] & (1 << (step % 64)) != 0;
        let at = |step: u64| {
            let at = self.line.begin_us + step as i64 * self.step_us;
            at.min(self.line.end_us)
        };
        let mut gaps = Vec::new();
        let (mut count, mut missing_us, mut step) = (0, 0, 0);
        while step < self.steps {
            if is_covered(step) {
                step += 1;
                continue;
            }
            let begin = step;
            while step < self.steps && !is_covered(step) {
                let bar = (at(step) - self.line.begin_us) / self.line.bar_us;
                if let Some(bar) = self.line.bars.get_mut(bar as usize) {
                    bar.is_missing = true;
                }
                step += 1;
            }
            count += 1;
            missing_us += at(step) - at(begin);
            if gaps.len() < GAPS {
                gaps.push((at(begin), at(step)));
            }
        }
        self.line.gaps = count;
        self.line.missing_us = missing_us;
        self.line.first_gaps = gaps;
    }
}

/// The step in which gaps are looked for: days of a time zone have 23 to 25 hours, so that hours are the step of days.
fn step(shortest_us: i64) -> i64 {
    for unit in [HOUR_US, MINUTE_US] {
        if shortest_us % unit == 0 {
            return unit;
        }
    }
    shortest_us
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(settings: serde_json::Value, range: EventRange) -> InputPlan {
        serde_json::from_value(json!({
            "source": { "history": { "settings": settings } },
            "range": range,
            "decode": {},
            "rules": 1,
            "frozen": { "splits": 0, "objects": 0, "size_bytes": 0, "handoff": { "positions": [] }, "notes": [] },
            "splits_digest": "",
        }))
        .unwrap()
    }

    fn timeline(layout: &str, range: EventRange, keys: &[&str]) -> Option<Timeline> {
        let settings = json!({ "files": { "path": "archive", "layout": layout } });
        let mut builder = TimelineBuilder::new(&input(settings, range));
        let objects = keys.iter().enumerate().map(|(place, key)| Object {
            key: (*key).to_owned(),
            size_bytes: 1,
            etag: String::new(),
            version: None,
            modified_us: place as i64 * HOUR_US,
            key_fields: None,
        });
        let objects: Vec<_> = objects.collect();
        objects.iter().for_each(|object| builder.measure(object));
        builder.lay_out();
        for (place, object) in objects.iter().enumerate() {
            builder.see(object, place > 0);
        }
        builder.finish()
    }

    fn hours(line: &Timeline) -> Vec<(i64, i64)> {
        let gaps = line.first_gaps.iter();
        let hours = |at: &i64| (at - line.begin_us) / HOUR_US;
        gaps.map(|(begin, end)| (hours(begin), hours(end)))
            .collect()
    }

    #[test]
    fn hours_without_an_object_are_gaps() {
        let keys = [
            "2026/01/01/00/a.gz",
            "2026/01/01/00/b.gz",
            "2026/01/01/01/a.gz",
            "2026/01/01/05/a.gz",
            "2026/01/01/07/a.gz",
            "README",
        ];
        let line = timeline("firehose", EventRange::default(), &keys).unwrap();
        assert!(line.is_by_key);
        assert_eq!((line.bars.len(), line.without_time), (8, 1));
        assert_eq!((line.bars[0].objects, line.bars[0].done), (2, 1));
        assert_eq!(hours(&line), [(2, 5), (6, 7)]);
        assert_eq!((line.gaps, line.missing_us), (2, 4 * HOUR_US));
        let missing: Vec<_> = line.bars.iter().map(|bar| bar.is_missing).collect();
        assert_eq!(
            missing,
            [false, false, true, true, true, false, true, false]
        );
    }

    #[test]
    fn an_archive_that_begins_after_the_range_has_a_gap_there() {
        let from = chrono::DateTime::parse_from_rfc3339("2025-12-31T21:30:00Z").unwrap();
        let range = EventRange {
            from_us: Some(from.timestamp_micros()),
            until_us: None,
        };
        let line = timeline("firehose", range, &["2026/01/01/00/a", "2026/01/01/01/a"]).unwrap();
        assert_eq!(hours(&line), [(0, 2)]);
    }

    #[test]
    fn keys_without_a_time_are_shown_by_their_last_write_without_gaps() {
        let line = timeline("none", EventRange::default(), &["a", "b", "c"]).unwrap();
        assert!(!line.is_by_key);
        assert_eq!((line.gaps, line.bars.len()), (0, 60));
        assert_eq!(line.bars.iter().map(|bar| bar.objects).sum::<u64>(), 3);
        assert_eq!(timeline("none", EventRange::default(), &[]), None);
    }

    #[test]
    fn decades_have_few_bars() {
        let line = timeline(
            "firehose",
            EventRange::default(),
            &["1971/01/01/00/a", "2026/01/01/00/a"],
        )
        .unwrap();
        assert!(line.bars.len() as u64 <= BARS);
        assert_eq!(line.gaps, 1);
    }
}
