//! A click archive that is the same on every machine, and the expected result of its fold.
//!
//! Each event follows from the seed and its number alone. So objects can be made in parallel, a longer archive
//! begins with the same objects as a shorter one of the same rate, and [`Archive::expected`] is computed
//! without reading anything back.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use chrono::{NaiveDate, TimeDelta};

mod event;
mod pages;
mod shapes;
mod write;

pub use event::{Event, EventType};
pub use shapes::Shape;
pub use write::{Compression, Delimiter, Layout, Written};

use crate::rng::Rng;
use pages::Zipf;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The size and the form of an archive.
#[derive(Clone, Debug, clap::Args)]
pub struct ArchiveSpec {
    /// Events, in the order of their time
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.events)]
    pub events: u64,
    /// Objects that the events are cut into, all with as many events
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.objects)]
    pub objects: u64,
    /// Days that the events are spread over
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.days)]
    pub days: u64,
    /// The first day
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.start)]
    pub start: NaiveDate,
    /// Pages, visited by Zipf's law
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.pages)]
    pub pages: u64,
    /// How many times as many events and objects there are, for the same pages and days
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.times)]
    pub times: u64,
    /// Another seed gives other events
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.seed)]
    pub seed: u64,
    /// How objects are compressed
    #[arg(long, value_enum, default_value_t = ArchiveSpec::DEFAULT.compress)]
    pub compress: Compression,
    /// How objects are named
    #[arg(long, value_enum, default_value_t = ArchiveSpec::DEFAULT.layout)]
    pub layout: Layout,
    /// The bytes after each event
    #[arg(long, value_enum, default_value_t = ArchiveSpec::DEFAULT.delimiter)]
    pub delimiter: Delimiter,
    /// Gzip members of every second object; the others have one
    #[arg(long, default_value_t = ArchiveSpec::DEFAULT.members)]
    pub members: u64,
}

impl ArchiveSpec {
    /// A week of 200,000 clicks, an object an hour, as Firehose would have written them.
    pub const DEFAULT: ArchiveSpec = ArchiveSpec {
        events: 201_600,
        objects: 168,
        days: 7,
        start: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date of the calendar"),
        pages: 2_000,
        times: 1,
        seed: 1,
        compress: Compression::Gzip,
        layout: Layout::Firehose,
        delimiter: Delimiter::Newline,
        members: 1,
    };

    /// A day of 4,800 clicks in 24 plain objects: enough for a test that folds it.
    pub const SMALL: ArchiveSpec = ArchiveSpec {
        events: 4_800,
        objects: 24,
        days: 1,
        pages: 200,
        compress: Compression::None,
        ..ArchiveSpec::DEFAULT
    };
}

/// How many events a page had on a day, and how long they took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub events: i64,
    /// Their durations, added up.
    pub duration_ms: i64,
}

/// Tallies by page and day (`YYYY-MM-DD`).
pub type Tallies = BTreeMap<(String, String), Tally>;

/// An archive that can be made.
pub struct Archive {
    spec: ArchiveSpec,
    start_ms: i64,
    pages: Zipf,
}

impl Archive {
    /// Prepares an archive; nothing is written yet.
    ///
    /// # Errors
    /// If a number of the spec is 0, or there are more objects than events, or the days leave the calendar.
    pub fn new(spec: &ArchiveSpec) -> Result<Self> {
        for (name, number) in [
            ("objects", spec.objects),
            ("days", spec.days),
            ("pages", spec.pages),
            ("times", spec.times),
        ] {
            ensure!(number > 0, "an archive of 0 {name}");
        }
        ensure!(
            spec.objects <= spec.events,
            "{} objects of {} events",
            spec.objects,
            spec.events
        );
        let days = i64::try_from(spec.days).ok().and_then(TimeDelta::try_days);
        ensure!(
            days.and_then(|days| spec.start.checked_add_signed(days))
                .is_some(),
            "{} days from {} leave the calendar",
            spec.days,
            spec.start
        );
        let start_ms = spec
            .start
            .and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_millis();
        Ok(Archive {
            spec: spec.clone(),
            start_ms,
            pages: Zipf::new(spec.pages),
        })
    }

    /// How many events it has.
    pub fn len(&self) -> u64 {
        self.spec.events * self.spec.times
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event at this place.
    pub fn event(&self, number: u64) -> Event {
        // Repeats share page and time, and so their keys.
        let original = number / self.spec.times;
        let span_ms = u128::from(self.spec.days * DAY_MS);
        let events = u128::from(self.spec.events);
        let slot_ms = (span_ms * u128::from(original) / events) as u64;
        let mut rng = Rng::new(self.spec.seed, 1, original);
        let within_ms = rng.below(((span_ms / events) as u64).max(1));
        let page = self.pages.draw(&mut rng);
        Event::new(
            number,
            self.start_ms + (slot_ms + within_ms) as i64,
            page,
            Rng::new(self.spec.seed, 2, number),
        )
    }

    /// All events in order.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        (0..self.len()).map(|number| self.event(number))
    }

    /// The expected count and sum of durations by page and day.
    pub fn expected(&self) -> Tallies {
        self.expected_where(|_| true)
    }

    /// The same for the events that `wanted` holds for.
    pub fn expected_where(&self, wanted: impl Fn(&Event) -> bool) -> Tallies {
        let mut tallies = Tallies::new();
        for event in self.events().filter(wanted) {
            let tally = tallies.entry((event.page(), event.day())).or_default();
            tally.events += 1;
            tally.duration_ms += event.duration_ms;
        }
        tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Folds the records as a reader sees them.
    fn read_back(records: &str) -> Tallies {
        let mut tallies = Tallies::new();
        for record in serde_json::Deserializer::from_str(records).into_iter::<Value>() {
            let record = record.unwrap();
            assert_eq!(record.as_object().unwrap().len(), 13);
            let (page, ts) = (
                record["page_id"].as_str().unwrap(),
                record["ts"].as_str().unwrap(),
            );
            let tally = tallies
                .entry((page.to_string(), ts[..10].to_string()))
                .or_default();
            tally.events += 1;
            tally.duration_ms += record["duration_ms"].as_i64().unwrap();
        }
        tallies
    }

    fn records(archive: &Archive) -> String {
        let mut bytes = Vec::new();
        archive
            .events()
            .for_each(|event| event.write_json(&mut bytes));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_expected_tallies_are_those_of_the_records() {
        let archive = Archive::new(&ArchiveSpec {
            days: 3,
            ..ArchiveSpec::SMALL
        })
        .unwrap();
        let records = records(&archive);
        assert_eq!(read_back(&records), archive.expected());
        assert!(
            records.contains("\\/"),
            "some pages are written with escapes"
        );
        let mean_bytes = records.len() as u64 / archive.len();
        assert!(
            (390..=400).contains(&mean_bytes),
            "{mean_bytes} bytes an event"
        );
    }

    #[test]
    fn events_are_in_the_order_of_time() {
        let archive = Archive::new(&ArchiveSpec {
            times: 3,
            ..ArchiveSpec::SMALL
        })
        .unwrap();
        assert!(
            archive
                .events()
                .zip(archive.events().skip(1))
                .all(|(a, b)| a.at_ms <= b.at_ms)
        );
        assert_eq!(archive.event(0).day(), "2026-01-01");
        assert_eq!(archive.event(archive.len() - 1).day(), "2026-01-01");
    }

    #[test]
    fn a_repeated_archive_has_the_same_keys() {
        let once = Archive::new(&ArchiveSpec::SMALL).unwrap();
        let thrice = Archive::new(&ArchiveSpec {
            times: 3,
            ..ArchiveSpec::SMALL
        })
        .unwrap();
        assert!(once.expected().keys().eq(thrice.expected().keys()));
        assert_eq!(
            thrice
                .expected()
                .values()
                .map(|tally| tally.events)
                .sum::<i64>(),
            3 * 4_800
        );
    }

    #[test]
    fn a_longer_archive_begins_like_a_shorter_one_of_the_same_rate() {
        let day = Archive::new(&ArchiveSpec::SMALL).unwrap();
        let week = ArchiveSpec {
            events: 7 * 4_800,
            objects: 7 * 24,
            days: 7,
            ..ArchiveSpec::SMALL
        };
        let week = Archive::new(&week).unwrap();
        assert!(records(&week).starts_with(&records(&day)));
    }

    #[test]
    fn the_events_never_change() {
        let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
        let mut bytes = Vec::new();
        archive.event(1_234).write_json(&mut bytes);
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"{"event_id":"e0000001234","ts":"2026-01-01T06:10:20.001Z","type":"page_view","user_id":"u11215553","session_id":"13256fea-20e3-da94-46c6-8002d178d4f6","page_id":"/guides/encrypt-offsets","referrer":"https://forum.example/t/6509ac3f53ac06bf","duration_ms":2516,"value":90.82,"geo":{"country":"US","city":"New York"},"device":{"os":"Windows 11","browser":"Chrome \"Canary\" 145"},"bot":false,"ab_bucket":"b6"}"#);
    }

    #[test]
    fn an_impossible_archive_is_refused() {
        let refused = |spec| Archive::new(&spec).err().map(|error| error.to_string());
        assert_eq!(
            refused(ArchiveSpec {
                pages: 0,
                ..ArchiveSpec::SMALL
            })
            .unwrap(),
            "an archive of 0 pages"
        );
        assert!(
            refused(ArchiveSpec {
                events: 3,
                ..ArchiveSpec::SMALL
            })
            .is_some()
        );
        assert!(
            refused(ArchiveSpec {
                days: u64::MAX,
                ..ArchiveSpec::SMALL
            })
            .is_some()
        );
    }
}
