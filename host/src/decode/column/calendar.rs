//! Days of the calendar, and the digits of dates and times.

use super::unfit::Unfit;

const NO_DATE: Unfit = Unfit::Value("not a date `YYYY-MM-DD`");

/// Two digits.
#[inline(always)]
pub(super) fn pair(text: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (
        text.get(at)?.wrapping_sub(b'0'),
        text.get(at + 1)?.wrapping_sub(b'0'),
    );
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// The three numbers of a text with two digits at the indices 0, 3 and 6 and the separators of `template` between them.
/// All eight bytes are checked in one word.
#[inline(always)]
pub(super) fn three_pairs(text: [u8; 8], template: &[u8; 8]) -> Option<[u32; 3]> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Carries digits above nine, and separators that differ, to the high bit of their byte.
    const LIMITS: u64 = u64::from_le_bytes([0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f, 0x76, 0x76]);
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(*template);
    if (((digits & !HIGH) + LIMITS) | digits) & HIGH != 0 {
        return None;
    }
    // The first byte of each pair becomes ten times itself plus the second.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    Some([pairs, pairs >> 24, pairs >> 48].map(|pair| (pair & 0xff) as u32))
}

/// Days since 1970-01-01 of `YYYY-MM-DD` or `YYYY/MM/DD`.
pub(super) fn date(text: &[u8]) -> Result<i32, Unfit> {
    let text: Option<&[u8; 10]> = text.try_into().ok();
    text.and_then(|text| civil_date(text).or_else(|| slashed_date(text)))
        .ok_or(NO_DATE)
}

/// Days since 1970-01-01 of `YYYY/MM/DD`.
#[cold]
pub(super) fn slashed_date(text: &[u8; 10]) -> Option<i32> {
    let mut text = *text;
    if [text[4], text[7]] != *b"//" {
        return None;
    }
    (text[4], text[7]) = (b'-', b'-');
    civil_date(&text)
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
#[inline(always)]
pub(super) fn civil_date(text: &[u8; 10]) -> Option<i32> {
    let century = pair(text, 0)?;
    let [year, month, day] = three_pairs(*text.last_chunk()?, b"00-00-00")?;
    let year = (century * 100 + year) as i32;
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    Some(days_since_epoch(year, month as i32, day as i32))
}

#[inline(always)]
fn days_in(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counted in years that begin in March, so that the leap day is the last day of a year.
#[inline(always)]
fn days_since_epoch(year: i32, month: i32, day: i32) -> i32 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_is_that_of_chrono() {
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut day = chrono::NaiveDate::from_ymd_opt(0, 1, 1).unwrap();
        while day <= chrono::NaiveDate::from_ymd_opt(9999, 12, 31).unwrap() {
            let expected = day.signed_duration_since(epoch).num_days() as i32;
            assert_eq!(date(day.to_string().as_bytes()), Ok(expected), "{day}");
            day += chrono::TimeDelta::days(1);
        }
    }

    #[test]
    fn dates_are_written_with_hyphens_or_with_slashes() {
        assert_eq!(date(b"2026/01/31"), date(b"2026-01-31"));
        assert_eq!(date(b"1970/01/02"), Ok(1));
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in [
            "1900-02-29",
            "2100-02-29",
            "2026-04-31",
            "2026-01-32",
            "2026-00-01",
            "2026-13-01",
            "2026-01-00",
            "2:26-01-01",
            ":026-01-01",
            "2026-1-01",
            "2026-01-01T",
            "2026/01-01",
            "2026-01/01",
            "2026/02/30",
            "01/02/2026",
        ] {
            assert_eq!(date(text.as_bytes()), Err(NO_DATE), "{text}");
        }
    }
}
