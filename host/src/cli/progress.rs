//! The progress of a run: rates, the estimated end, and one line of text with everything.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backfold::progress::{Progress, Stage};
use serde::Serialize;

use super::human::{count, counted, duration, plain, short, size};

/// The period over which a rate is computed.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// The shortest period for which a rate is shown.
const RATE_SETTLES: Duration = Duration::from_millis(500);

/// The part of the work that must be done before the end is estimated.
const ETA_PART: f64 = 0.01;

/// The time in a stage before the end is estimated: at first, components are compiled and files are opened.
const ETA_SETTLES: Duration = Duration::from_secs(1);

/// Computes rates and the estimated end from counters.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    stage: Stage,
    stage_began: Instant,
    /// The counters of the last few seconds, oldest first.
    samples: VecDeque<(Instant, Totals)>,
}

/// The counters for which there is a rate.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    records: u64,
    decoded_bytes: u64,
    rows: u64,
}

/// The progress of a run at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Reading {
    pub(crate) stage: Stage,
    /// The completed part, between 0 and 1; `None` if the stage has no total.
    pub(crate) part: Option<f64>,
    pub(crate) splits_done: u64,
    pub(crate) splits_total: u64,
    pub(crate) bytes_done: u64,
    pub(crate) bytes_total: u64,
    pub(crate) records: u64,
    pub(crate) rejected: u64,
    pub(crate) rows_done: u64,
    pub(crate) rows_total: u64,
    /// The rate over the last few seconds, like the other rates; `None` at the start.
    pub(crate) records_per_second: Option<f64>,
    /// The rate of decompressed bytes.
    pub(crate) bytes_per_second: Option<f64>,
    pub(crate) rows_per_second: Option<f64>,
    /// The resource that the run waits for, such as a database that is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<String>,
    pub(crate) elapsed_seconds: f64,
    pub(crate) eta_seconds: Option<f64>,
}

impl Meter {
    /// A meter that starts at `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Meter {
            started: now,
            stage: Stage::Plan,
            stage_began: now,
            samples: VecDeque::new(),
        }
    }

    /// Reads the counters at the time `now`.
    pub(crate) fn read(&mut self, progress: &Progress, now: Instant) -> Reading {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let stage = progress.stage();
        if stage != self.stage {
            self.stage = stage;
            self.stage_began = now;
            self.samples.clear();
        }
        let totals = Totals {
            records: get(&progress.records),
            decoded_bytes: get(&progress.decoded_bytes),
            rows: get(&progress.rows_done),
        };
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        self.samples.push_back((now, totals));
        let (since, before) = self.samples.front().copied().unwrap_or((now, totals));
        let window = now.duration_since(since);
        let rate = |now: u64, before: u64| {
            let rate = now.saturating_sub(before) as f64 / window.as_secs_f64();
            (window >= RATE_SETTLES && now > 0).then_some(rate)
        };

        let (done, resumed, total) = match stage {
            Stage::Fold => (
                get(&progress.bytes_done),
                get(&progress.bytes_resumed),
                get(&progress.bytes_total),
            ),
            Stage::Gather => (get(&progress.splits_done), 0, get(&progress.splits_total)),
            Stage::Load => (totals.rows, 0, get(&progress.rows_total)),
            _ => (0, 0, 0),
        };
        let part = (total > 0).then(|| (done as f64 / total as f64).min(1.0));
        Reading {
            stage,
            part,
            splits_done: get(&progress.splits_done),
            splits_total: get(&progress.splits_total),
            bytes_done: get(&progress.bytes_done),
            bytes_total: get(&progress.bytes_total),
            records: totals.records,
            rejected: get(&progress.rejected),
            rows_done: totals.rows,
            rows_total: get(&progress.rows_total),
            records_per_second: rate(totals.records, before.records),
            bytes_per_second: rate(totals.decoded_bytes, before.decoded_bytes),
            rows_per_second: rate(totals.rows, before.rows),
            waiting: progress.waiting(),
            elapsed_seconds: now.duration_since(self.started).as_secs_f64(),
            eta_seconds: eta(done, resumed, total, now.duration_since(self.stage_began)),
        }
    }
}

/// The estimated seconds until `total`, at the speed of this attempt; `None` if it is too early for an estimate.
fn eta(done: u64, resumed: u64, total: u64, spent: Duration) -> Option<f64> {
    let (own, left, all) = (
        done.saturating_sub(resumed),
        total.saturating_sub(done),
        total.saturating_sub(resumed),
    );
    let is_late_enough =
        spent >= ETA_SETTLES && left > 0 && own > 0 && own as f64 >= all as f64 * ETA_PART;
    is_late_enough.then(|| spent.as_secs_f64() * left as f64 / own as f64)
}

impl Reading {
    /// Everything in one line, such as
    /// `fold 62.0%; 39/64 splits; 1.2 GiB/1.9 GiB; 3.1 M records; 410.0 k records/s; 152.3 MB/s; rejected 2; time 12s; ETA 7s`.
    pub(crate) fn line(&self) -> String {
        let mut parts = vec![self.place()];
        parts.extend(self.work());
        parts.extend(self.times());
        parts.join("; ")
    }

    /// Progress and time, for the line of a bar.
    pub(crate) fn headline(&self) -> String {
        let mut parts = vec![self.place()];
        parts.extend(self.times());
        parts.join("; ")
    }

    /// Counts and rates, for the line below a bar.
    pub(crate) fn figures(&self) -> String {
        self.work().join("; ")
    }

    fn place(&self) -> String {
        match self.part {
            Some(part) => format!("{} {:.1}%", name(self.stage), part * 100.0),
            None => name(self.stage).to_owned(),
        }
    }

    fn work(&self) -> Vec<String> {
        let mut parts = vec![];
        match self.stage {
            Stage::Plan if self.splits_total > 0 => {
                parts.push(format!(
                    "{}, {} so far",
                    counted(self.splits_total, "split"),
                    size(self.bytes_total)
                ));
            }
            Stage::Gather => {
                parts.push(format!(
                    "{}/{} splits",
                    count(self.splits_done),
                    count(self.splits_total)
                ));
            }
            Stage::Fold => {
                parts.push(format!(
                    "{}/{} splits",
                    count(self.splits_done),
                    count(self.splits_total)
                ));
                parts.push(format!(
                    "{}/{}",
                    size(self.bytes_done),
                    size(self.bytes_total)
                ));
                parts.push(format!("{} records", short(self.records as f64)));
                if let Some(rate) = self.records_per_second {
                    parts.push(format!("{} records/s", short(rate)));
                }
                if let Some(rate) = self.bytes_per_second {
                    parts.push(format!("{:.1} MB/s", rate / 1e6));
                }
            }
            Stage::Load => {
                parts.push(counted(self.rows_done, "row"));
                if let Some(rate) = self.rows_per_second {
                    parts.push(format!("{} rows/s", short(rate)));
                }
            }
            _ => {}
        }
        if self.rejected > 0 {
            parts.push(format!("rejected {}", count(self.rejected)));
        }
        if let Some(waiting) = &self.waiting {
            parts.push(format!("waiting for {}", plain(waiting)));
        }
        parts
    }

    fn times(&self) -> Vec<String> {
        let elapsed = Duration::try_from_secs_f64(self.elapsed_seconds).unwrap_or_default();
        let eta = self
            .eta_seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let mut parts = vec![format!("time {}", duration(elapsed))];
        parts.extend(eta.map(|eta| format!("ETA {}", duration(eta))));
        parts
    }
}

/// The name of a stage.
pub(crate) fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Plan => "plan",
        Stage::Compile => "compiling",
        Stage::Gather => "gather",
        Stage::Fold => "fold",
        Stage::Load => "load",
        Stage::Gate => "gate",
        Stage::Swap => "swap",
        Stage::Done => "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_fold_shows_rates_and_an_end() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut meter = Meter::new(start);
        progress.splits_total.store(64, Ordering::Relaxed);
        progress.bytes_total.store(1000 << 20, Ordering::Relaxed);
        progress.bytes_resumed.store(500 << 20, Ordering::Relaxed);
        progress.bytes_done.store(500 << 20, Ordering::Relaxed);
        insta::assert_snapshot!(meter.read(&progress, start).line(), @"plan; 64 splits, 1000.0 MiB so far; time 0ms");
        progress.enter(Stage::Fold);
        insta::assert_snapshot!(meter.read(&progress, at(start, 2)).line(), @"fold 50.0%; 0/64 splits; 500.0 MiB/1000.0 MiB; 0 records; time 2.0s");
        progress.bytes_done.store(750 << 20, Ordering::Relaxed);
        progress.splits_done.store(48, Ordering::Relaxed);
        progress.records.store(4_000_000, Ordering::Relaxed);
        progress
            .decoded_bytes
            .store(1_600_000_000, Ordering::Relaxed);
        progress.rejected.store(2, Ordering::Relaxed);
        insta::assert_snapshot!(meter.read(&progress, at(start, 12)).line(), @"fold 75.0%; 48/64 splits; 750.0 MiB/1000.0 MiB; 4.0 M records; 400.0 k records/s; 160.0 MB/s; rejected 2; time 12s; ETA 10s");
    }

    #[test]
    fn a_resource_that_is_waited_for_is_shown() {
        let (progress, start) = (Progress::default(), Instant::now());
        progress.enter(Stage::Swap);
        progress.waits_for("the database x.db, which another process is using".to_owned());
        let line = Meter::new(start).read(&progress, start).line();
        insta::assert_snapshot!(line, @"swap; waiting for the database x.db, which another process is using; time 0ms");
    }

    #[test]
    fn a_load_counts_rows() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut meter = Meter::new(start);
        progress.enter(Stage::Load);
        progress.rows_total.store(1_000_000, Ordering::Relaxed);
        meter.read(&progress, start);
        progress.rows_done.store(250_000, Ordering::Relaxed);
        insta::assert_snapshot!(meter.read(&progress, at(start, 1)).line(), @"load 25.0%; 250,000 rows; 250.0 k rows/s; time 1.0s; ETA 3.0s");
    }

    #[test]
    fn the_end_is_not_estimated_before_one_percent() {
        assert_eq!(eta(250, 0, 1000, Duration::from_millis(999)), None);
        assert_eq!(eta(9, 0, 1000, Duration::from_secs(1)), None);
        assert_eq!(eta(500, 500, 1000, Duration::from_secs(1)), None);
        assert_eq!(eta(250, 0, 1000, Duration::from_secs(1)), Some(3.0));
        assert_eq!(eta(750, 500, 1000, Duration::from_secs(1)), Some(1.0));
        assert_eq!(eta(1000, 0, 1000, Duration::from_secs(1)), None);
        assert_eq!(eta(0, 0, 0, Duration::from_secs(1)), None);
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut meter = Meter::new(start);
        progress.enter(Stage::Fold);
        for second in 0..60 {
            progress.records.fetch_add(
                if second < 40 { 1_000_000 } else { 1000 },
                Ordering::Relaxed,
            );
            meter.read(&progress, at(start, second));
        }
        let rate = meter.read(&progress, at(start, 60)).records_per_second;
        assert!(
            rate.is_some_and(|rate| (900.0..1100.0).contains(&rate)),
            "{rate:?}"
        );
    }

    #[test]
    fn the_first_moments_show_neither_rate_nor_end() {
        let (progress, start) = (Progress::default(), Instant::now());
        let mut meter = Meter::new(start);
        progress.enter(Stage::Fold);
        progress.bytes_total.store(1000, Ordering::Relaxed);
        meter.read(&progress, start);
        progress.bytes_done.store(100, Ordering::Relaxed);
        progress.records.store(10, Ordering::Relaxed);
        let reading = meter.read(&progress, start + Duration::from_millis(400));
        insta::assert_snapshot!(reading.headline(), @"fold 10.0%; time 400ms");
        insta::assert_snapshot!(reading.figures(), @"0/0 splits; 100 B/1000 B; 10 records");
    }
}
