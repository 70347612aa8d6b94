//! Dates and columns in the names of folders, without a template that gives their place.
//!
//! Each function reads from left to right and keeps the first value that it finds: a folder further right only adds
//! parts that are still missing.

use std::borrow::Cow;

use super::calendar::{self, Date};

/// The first three folders that form a date, `2026/01/31`, and the hour if it is the next folder. There may be other
/// text directly before the year (`clicks2026`), and each part may be a value: `year=2026/month=01/day=31`.
pub(super) fn plain_date(folders: &[&str]) -> Date {
    let found = folders
        .windows(3)
        .enumerate()
        .find_map(|(at, folders)| Some((at, day_of(folders)?)));
    let Some((at, day)) = found else {
        return Date::default();
    };
    Date {
        hour: folders.get(at + 3).and_then(|folder| two_digits(folder)),
        ..day
    }
}

fn day_of(folders: &[&str]) -> Option<Date> {
    let [year, month, day] = folders else {
        return None;
    };
    let year = year.get(year.len().checked_sub(4)?..)?;
    Date::day(calendar::year(year)?, two_digits(month)?, two_digits(day)?)
}

/// The value of `MM` or `name=MM`.
fn two_digits(folder: &str) -> Option<u32> {
    let value = folder.rsplit_once('=').map_or(folder, |(_, value)| value);
    calendar::fixed(value, 2)
}

/// The date from columns such as `year=2026`, `month=01`, `day=31`, `hour=05` and `minute=00`; any of them may be
/// missing.
pub(super) fn date_by_names<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> Date {
    let mut date = Date::default();
    for (name, value) in columns {
        add_part(&mut date, name, value);
    }
    date
}

/// The date from columns: from one whose value is a whole date, or from several whose names are parts of a date.
pub(super) fn date_by_values<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> Date {
    let mut date = Date::default();
    for (name, value) in columns {
        match whole_date(value) {
            Some(whole) if narrows(&whole, &date) => date = whole,
            Some(_) => {}
            None => add_part(&mut date, name, value),
        }
    }
    date
}

/// Whether `whole` has the parts of `date`, and more.
fn narrows(whole: &Date, date: &Date) -> bool {
    let agrees = |known: Option<u32>, value| known.is_none() || known == value;
    date.day.is_none() && agrees(date.year, whole.year) && agrees(date.month, whole.month)
}

fn add_part(date: &mut Date, name: &str, value: &str) {
    let name = name.to_ascii_lowercase();
    let (part, value) = match name.as_str() {
        "year" | "yyyy" | "y" => (&mut date.year, calendar::year(value)),
        "month" | "mm" | "m" => (&mut date.month, up_to_two_digits(value, 1..=12)),
        "day" | "dd" | "d" => (&mut date.day, up_to_two_digits(value, 1..=31)),
        "hour" | "hh" | "hr" | "h" => (&mut date.hour, up_to_two_digits(value, 0..=23)),
        "minute" | "min" => (&mut date.minute, up_to_two_digits(value, 0..=59)),
        _ => return,
    };
    *part = part.or(value);
}

fn up_to_two_digits(value: &str, values: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let value = (1..=2)
        .contains(&value.len())
        .then(|| calendar::number(value))??;
    values.contains(&value).then_some(value)
}

/// Parses `2026-01-31` or `20260131`, with or without an hour: `2026-01-31-05`, `2026-01-31T05`,
/// `2026-01-31 05:00:00` or `2026013105`.
fn whole_date(value: &str) -> Option<Date> {
    let is_dashed = value.as_bytes().get(4) == Some(&b'-');
    let (year, month, day, rest) = if is_dashed {
        let is_date = value.as_bytes().get(7) == Some(&b'-');
        is_date.then_some((
            value.get(..4)?,
            value.get(5..7)?,
            value.get(8..10)?,
            value.get(10..)?,
        ))?
    } else {
        (
            value.get(..4)?,
            value.get(4..6)?,
            value.get(6..8)?,
            value.get(8..)?,
        )
    };
    let day = Date::day(
        calendar::year(year)?,
        calendar::fixed(month, 2)?,
        calendar::fixed(day, 2)?,
    )?;
    if rest.is_empty() {
        return Some(day);
    }
    let hour = match (is_dashed, rest.as_bytes()[0]) {
        (true, b'-' | b'T' | b' ' | b'_') => rest.get(1..3)?,
        (false, b'0'..=b'9') if rest.len() == 2 => rest,
        (false, b'-' | b'T' | b'_') => rest.get(1..3)?,
        _ => return None,
    };
    let hour = calendar::fixed(hour, 2).filter(|hour| *hour < 24)?;
    Some(Date {
        hour: Some(hour),
        ..day
    })
}

/// Names and values of the folders `name=value`, percent-decoded.
pub(super) fn columns<'a>(folders: &[&'a str]) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    folders
        .iter()
        .filter_map(|folder| folder.split_once('='))
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (percent_decoded(name), percent_decoded(value)))
        .collect()
}

/// Decodes `%3A` and other escapes of Hive and Spark. Text whose decoded form is not UTF-8 is returned unchanged.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).map_or(text.into(), Cow::Owned)
}
