//! Timestamps and dates as text of one width, which sorts as they do: `2026-01-31T23:59:59.000001Z`, `2026-01-31`.

use chrono::{Datelike, NaiveDate};

/// Bytes of a date as text.
pub(crate) const DATE_BYTES: usize = 10;
/// Bytes of a timestamp as text.
pub(crate) const TIMESTAMP_BYTES: usize = 27;

const DAY_US: i64 = 86_400_000_000;
/// Days from 0001-01-01 to 1970-01-01, plus one, as chrono counts them.
const EPOCH_FROM_CE: i32 = 719_163;

/// Writes dates and timestamps. It remembers the last date, since sorted rows tend to repeat it.
pub(crate) struct DateTimeText {
    day: i32,
    text: [u8; DATE_BYTES],
}

impl DateTimeText {
    /// A writer.
    pub(crate) fn new() -> Self {
        DateTimeText {
            day: 0,
            text: *b"1970-01-01",
        }
    }

    /// The date that is `days` days after 1970-01-01; `None` outside the years 0000 to 9999.
    pub(crate) fn date(&mut self, days: i32) -> Option<[u8; DATE_BYTES]> {
        if days != self.day {
            let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_FROM_CE)?)?;
            let year = u32::try_from(date.year())
                .ok()
                .filter(|year| *year <= 9999)?;
            put(&mut self.text[0..4], year);
            put(&mut self.text[5..7], date.month());
            put(&mut self.text[8..10], date.day());
            self.day = days;
        }
        Some(self.text)
    }

    /// The timestamp that is `us` microseconds after 1970-01-01T00:00:00Z; `None` outside the years 0000 to 9999.
    pub(crate) fn timestamp(&mut self, us: i64) -> Option<[u8; TIMESTAMP_BYTES]> {
        let date = self.date(i32::try_from(us.div_euclid(DAY_US)).ok()?)?;
        let of_day = us.rem_euclid(DAY_US);
        let (seconds, fraction) = ((of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        text[..DATE_BYTES].copy_from_slice(&date);
        put(&mut text[11..13], seconds / 3600);
        put(&mut text[14..16], seconds / 60 % 60);
        put(&mut text[17..19], seconds % 60);
        put(&mut text[20..26], fraction);
        Some(text)
    }
}

/// Reads a date as [`DateTimeText::date`] writes it; `None` for any other text.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    if text.len() != DATE_BYTES || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = i32::try_from(number(&text[0..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&text[5..7])?, number(&text[8..10])?)?;
    Some(date.num_days_from_ce() - EPOCH_FROM_CE)
}

/// Reads a timestamp as [`DateTimeText::timestamp`] writes it; `None` for any other text.
pub(crate) fn parse_timestamp(text: &[u8]) -> Option<i64> {
    let shaped = text.len() == TIMESTAMP_BYTES
        && [(10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')]
            .iter()
            .all(|&(at, byte)| text[at] == byte);
    if !shaped {
        return None;
    }
    let days = parse_date(&text[..DATE_BYTES])?;
    let (hour, minute, second) = (
        number(&text[11..13])?,
        number(&text[14..16])?,
        number(&text[17..19])?,
    );
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Some(i64::from(days) * DAY_US + seconds * 1_000_000 + i64::from(number(&text[20..26])?))
}

/// Fills `digits` with the last digits of `value`.
fn put(digits: &mut [u8], mut value: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST_US: i64 = -62_167_219_200_000_000;
    const LAST_US: i64 = 253_402_300_799_999_999;

    fn written(us: i64) -> Option<String> {
        DateTimeText::new()
            .timestamp(us)
            .map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn the_edges_are_the_years_0000_and_9999() {
        assert_eq!(
            written(FIRST_US).as_deref(),
            Some("0000-01-01T00:00:00.000000Z")
        );
        assert_eq!(
            written(LAST_US).as_deref(),
            Some("9999-12-31T23:59:59.999999Z")
        );
        assert_eq!(written(-1).as_deref(), Some("1969-12-31T23:59:59.999999Z"));
        for outside in [FIRST_US - 1, LAST_US + 1, i64::MIN, i64::MAX] {
            assert_eq!(written(outside), None);
        }
        assert_eq!(DateTimeText::new().date(i32::MAX), None);
        assert_eq!(DateTimeText::new().date(i32::MIN), None);
    }

    #[test]
    fn other_ways_of_writing_are_refused() {
        for text in ["2026-02-30", "2026-1-01", "2026-01-01 ", "+026-01-01", ""] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        for text in [
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:00:00.000000+",
            "2026-01-01 00:00:00.000000Z",
        ] {
            assert_eq!(parse_timestamp(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn moments_come_back_and_sort(a in FIRST_US..=LAST_US, b in FIRST_US..=LAST_US) {
            let mut text = DateTimeText::new();
            let (x, y) = (text.timestamp(a).unwrap(), text.timestamp(b).unwrap());
            prop_assert_eq!(parse_timestamp(&x), Some(a));
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        }

        #[test]
        fn days_come_back(days in -719_528_i32..=2_932_896) {
            prop_assert_eq!(parse_date(&DateTimeText::new().date(days).unwrap()), Some(days));
        }
    }
}
