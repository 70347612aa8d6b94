//! Formatting of numbers, times and texts for people.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::units::ByteSize;
pub use crate::units::{count, counted};

/// A number in a few characters: `950`, `12.4 k`, `3.1 M`.
pub fn short(number: f64) -> String {
    match number {
        n if n < 1e3 => format!("{n:.0}"),
        n if n < 1e6 => format!("{:.1} k", n / 1e3),
        n if n < 1e9 => format!("{:.1} M", n / 1e6),
        n => format!("{:.1} G", n / 1e9),
    }
}

/// `12345678` as `12.3 million`: three digits, for estimates.
pub fn roughly(number: u64) -> String {
    let step = 10u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(2));
    let rounded = (number / step).saturating_mul(step);
    let rest = number - rounded;
    let rounded = rounded.saturating_add(if 2 * rest >= step && step > 1 {
        step
    } else {
        0
    });
    for (unit, name) in [(1_000_000_000, "billion"), (1_000_000, "million")] {
        if rounded >= unit {
            return format!("{} {name}", rounded as f64 / unit as f64);
        }
    }
    count(rounded)
}

/// An estimated duration: `12 s`, `4 min`, `2.5 h`, `3 days`.
pub fn rough_span(seconds: f64) -> String {
    match seconds {
        s if s < 119.5 => format!("{:.0} s", s.max(1.0)),
        s if s < 119.5 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 9.95 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s if s < 47.5 * 3600.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// A size: `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

/// A duration in its two largest units: `850ms`, `4.2s`, `1m 04s`, `2h 05m`, `3d 4h`.
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{}ms", span.as_millis()),
        1..10 => format!("{:.1}s", span.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// How long ago an RFC 3339 timestamp was. Other texts, and timestamps in the future, are returned unchanged.
pub fn ago(at: &str, now: DateTime<Utc>) -> String {
    let Ok(then) = DateTime::parse_from_rfc3339(at) else {
        return plain(at).into_owned();
    };
    match now.signed_duration_since(then).num_seconds() {
        ..0 => plain(at).into_owned(),
        0..60 => "just now".into(),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// A moment in microseconds since 1970, as RFC 3339 in UTC.
pub fn moment(micros: i64) -> String {
    match DateTime::from_timestamp_micros(micros) {
        Some(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{micros} µs"),
    }
}

/// The first characters of a digest, which are enough to distinguish two of them.
pub fn digest(hex: &str) -> &str {
    hex.get(..16).unwrap_or(hex)
}

/// Escapes all characters that could move the cursor, be invisible, or look like another line of output.
///
/// All text that comes from a record or a component must be escaped before it is printed.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Whether a character is a control character, a line separator, or one that changes the direction of text.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shortened() {
        assert_eq!(
            [999.0, 12_400.0, 3_100_000.0, 2e9].map(short),
            ["999", "12.4 k", "3.1 M", "2.0 G"]
        );
    }

    #[test]
    fn estimates_have_three_digits_at_most() {
        let numbers = [
            0,
            7,
            999,
            1_234,
            99_950,
            999_499,
            999_500,
            12_345_678,
            1_230_000_000,
        ];
        insta::assert_snapshot!(numbers.map(roughly).join(", "), @"0, 7, 999, 1,230, 100,000, 999,000, 1 million, 12.3 million, 1.23 billion");
        let spans = [
            0.2, 12.4, 89.6, 240.0, 5_400.0, 9_000.0, 86_400.0, 259_200.0,
        ];
        insta::assert_snapshot!(spans.map(rough_span).join(", "), @"1 s, 12 s, 90 s, 4 min, 90 min, 2.5 h, 24 h, 3 days");
    }

    #[test]
    fn spans_show_two_units() {
        let spans = [850, 4_200, 59_000, 64_000, 7_500_000, 273_600_000].map(Duration::from_millis);
        assert_eq!(
            spans.map(duration),
            ["850ms", "4.2s", "59s", "1m 04s", "2h 05m", "3d 4h"]
        );
    }

    #[test]
    fn the_past_is_relative_and_the_future_is_not() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z")
            .unwrap()
            .to_utc();
        let ages = [
            "2026-03-01T11:59:30Z",
            "2026-03-01T11:15:00Z",
            "2026-02-28T13:00:00Z",
            "2026-02-01T12:00:00Z",
        ];
        assert_eq!(
            ages.map(|at| ago(at, now)),
            ["just now", "45 min ago", "23 h ago", "28 days ago"]
        );
        assert_eq!(ago("2027-01-01T00:00:00Z", now), "2027-01-01T00:00:00Z");
        assert_eq!(moment(1_767_225_600_000_000), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn texts_cannot_control_a_terminal() {
        assert_eq!(plain("page/1 ünïcode"), "page/1 ünïcode");
        assert_eq!(
            plain("\u{1b}[2Jgone\nerror: x\u{202e}\u{9b}"),
            "\\u{1b}[2Jgone\\nerror: x\\u{202e}\\u{9b}"
        );
    }
}
