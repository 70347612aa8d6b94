//! One click, and how it stands in the archive.

use std::io::Write;

use chrono::DateTime;

use super::pages;
use crate::rng::Rng;

/// An action of a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// 14 of 20.
    PageView,
    /// 4 of 20.
    Scroll,
    /// 1 of 20, about.
    Click,
    /// The rest.
    Purchase,
}

impl EventType {
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(100) {
            0..70 => EventType::PageView,
            70..90 => EventType::Scroll,
            90..98 => EventType::Click,
            _ => EventType::Purchase,
        }
    }

    /// As in the field `type`.
    pub fn name(self) -> &'static str {
        match self {
            EventType::PageView => "page_view",
            EventType::Scroll => "scroll",
            EventType::Click => "click",
            EventType::Purchase => "purchase",
        }
    }
}

/// An event, reduced to the fields in which events differ.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in the archive, from 0.
    pub number: u64,
    /// When it happened, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// The action.
    pub kind: EventType,
    /// How long it took.
    pub duration_ms: i64,
    /// The rank of its page.
    pub(super) page: u64,
    /// Makes up the fields that no expectation speaks of.
    details: Rng,
}

/// Cities as they stand in the file: some with escapes, some beyond ASCII.
const CITIES: [(&str, &str); 12] = [
    ("DE", "Berlin"),
    ("DE", "K\\u00f6ln"),
    ("BR", "S\\u00e3o Paulo"),
    ("BR", "Florianópolis"),
    ("JP", "東京"),
    ("US", "New York"),
    ("US", "Martha's \\\"Vineyard\\\""),
    ("FR", "Saint-Étienne"),
    ("IN", "Bengaluru"),
    ("GB", "London"),
    ("PL", "Łódź"),
    ("CH", "Z\\u00fcrich \\ud83c\\udfd4"),
];
const SYSTEMS: [&str; 6] = [
    "Android 16",
    "iOS 19.1",
    "Windows 11",
    "macOS 16.2",
    "Ubuntu 26.04",
    "ChromeOS 142",
];
const BROWSERS: [&str; 6] = [
    "Firefox 146.0",
    "Chrome 143.0.7499",
    "Safari 19.1",
    "Edge 143.0.3650",
    "Chrome \\\"Canary\\\" 145",
    "Opera 125",
];
const REFERRERS: [&str; 4] = [
    "search.example/results?q=",
    "news.example/item/",
    "forum.example/t/",
    "mail.example/l/",
];

impl Event {
    pub(super) fn new(number: u64, at_ms: i64, page: u64, mut rng: Rng) -> Self {
        let kind = EventType::draw(&mut rng);
        // Most visits are short, one in sixteen is long.
        let stretch = if rng.below(16) == 0 {
            1 + rng.below(60)
        } else {
            1
        };
        let duration_ms = ((40 + rng.below(4_000)) * stretch) as i64;
        Event {
            number,
            at_ms,
            kind,
            duration_ms,
            page,
            details: rng,
        }
    }

    /// The page, as in the field `page_id` once its escapes are decoded.
    pub fn page(&self) -> String {
        pages::path(self.page)
    }

    /// The day in UTC, `YYYY-MM-DD`.
    pub fn day(&self) -> String {
        self.at().format("%Y-%m-%d").to_string()
    }

    pub(super) fn at(&self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_millis(self.at_ms)
            .expect("an archive's days are within the calendar")
    }

    /// Appends the event as one JSON object: 13 fields, two of them objects, 395 bytes on average.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut rng = self.details.clone();
        let page = self.page();
        // One record in 64 escapes characters that need no escape: readers must see the same page.
        let page = if rng.below(64) == 0 {
            escape(&page)
        } else {
            page
        };
        let referrer = match rng.below(5) {
            0 => "null".to_string(),
            _ => format!("\"https://{}{:016x}\"", rng.pick(&REFERRERS), rng.number()),
        };
        let session = rng.uuid();
        let (country, city) = rng.pick(&CITIES);
        let cents = rng.below(50_000);
        write!(
            out,
            concat!(
                r#"{{"event_id":"e{:010}","ts":"{}","type":"{}","user_id":"u{}","session_id":"{}","#,
                r#""page_id":"{}","referrer":{},"duration_ms":{},"value":{}.{:02},"#,
                r#""geo":{{"country":"{}","city":"{}"}},"device":{{"os":"{}","browser":"{}"}},"#,
                r#""bot":{},"ab_bucket":"b{}"}}"#,
            ),
            self.number,
            self.at().format("%Y-%m-%dT%H:%M:%S%.3fZ"),
            self.kind.name(),
            10_000_000 + rng.below(2_000_000),
            session,
            page,
            referrer,
            self.duration_ms,
            cents / 100,
            cents % 100,
            country,
            city,
            rng.pick(&SYSTEMS),
            rng.pick(&BROWSERS),
            rng.below(50) == 0,
            rng.below(8),
        )
        .expect("a Vec takes all that is written");
    }
}

/// JSON's other way to write the same text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(2 * text.len());
    for c in text.chars() {
        match c {
            '/' => escaped.push_str("\\/"),
            c if c.is_ascii() => escaped.push(c),
            c => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    escaped
}
