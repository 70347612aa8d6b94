//! The syntax for a whole range in one string, as in `rpk topic consume --offset`.

use std::str::FromStr;
use std::time::Duration;

use super::bound::Bound;
use super::config::RangeConfig;
use super::text::{is_number, unreadable};
use crate::source::SourceError;

impl FromStr for RangeConfig {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let text = text.trim();
        if matches!(text.trim_start_matches('@'), "" | ":") {
            // A script with unset variables writes this.
            let reason = "it has neither a start nor an end; write `start:end` for everything";
            return Err(unreadable(text, reason));
        }
        match text.strip_prefix('@') {
            Some(times) => of_times(times),
            None => of_offsets(text),
        }
    }
}

/// Parses a range of offsets, such as `100:200`.
fn of_offsets(text: &str) -> Result<RangeConfig, SourceError> {
    let (from, to) = text.split_once(':').unwrap_or((text, ""));
    Ok(RangeConfig {
        from: offset(from, Bound::Earliest)?,
        to: offset(to, Bound::Latest)?,
    })
}

fn offset(text: &str, missing: Bound) -> Result<Bound, SourceError> {
    if text.is_empty() {
        return Ok(missing);
    }
    match text.parse()? {
        bound @ (Bound::At(_) | Bound::Ago(_)) => Err(unreadable(
            text,
            format!("a range of times starts with `@`, as in `@{bound}:`"),
        )),
        bound => Ok(bound),
    }
}

/// Parses a range of times, without the `@`. A timestamp may contain colons: the range is split at the first colon
/// where both sides can be parsed.
fn of_times(text: &str) -> Result<RangeConfig, SourceError> {
    let alone = between(text, "");
    if alone.is_ok() || !text.contains(':') {
        return alone;
    }
    let mut first_error = None;
    for (colon, _) in text.match_indices(':') {
        let (from, to) = (&text[..colon], &text[colon + 1..]);
        let error = match between(from, to) {
            Ok(range) => return Ok(range),
            Err(error) => error,
        };
        // If the start can be parsed, the error is in the end.
        if start(from).is_ok() {
            return Err(error);
        }
        first_error.get_or_insert(error);
    }
    first_error.map_or(alone, Err)
}

fn between(from: &str, to: &str) -> Result<RangeConfig, SourceError> {
    let from = start(from)?;
    let to = match to {
        "" => Bound::Latest,
        text => match time(text)? {
            Time::Bound(bound) => bound,
            Time::Span(span) => after(&from, span).map_err(|reason| unreadable(text, reason))?,
        },
    };
    Ok(RangeConfig { from, to })
}

fn start(text: &str) -> Result<Bound, SourceError> {
    if text.is_empty() {
        return Ok(Bound::Earliest);
    }
    match time(text)? {
        Time::Bound(bound) => Ok(bound),
        Time::Span(_) => Err(unreadable(
            text,
            format!(
                "a range cannot start in the future; for a time before the plan, write `-{text}`"
            ),
        )),
    }
}

/// The bound that lies `span` after `from`.
fn after(from: &Bound, span: Duration) -> Result<Bound, &'static str> {
    match from {
        Bound::At(from_us) => i64::try_from(span.as_micros())
            .ok()
            .and_then(|span_us| from_us.checked_add(span_us))
            .map(Bound::At)
            .ok_or("the time is too late to be represented"),
        Bound::Ago(age) => age
            .checked_sub(span)
            .map(Bound::Ago)
            .ok_or("this is in the future, as it is counted from the start of the range"),
        _ => Err("a duration is counted from the start of the range, which has no time"),
    }
}

/// One side of a range of times.
enum Time {
    Bound(Bound),
    /// An end that is counted from the start.
    Span(Duration),
}

fn time(text: &str) -> Result<Time, SourceError> {
    if is_number(text) {
        let since_1970 = |unit_us: i64| text.parse::<i64>().ok()?.checked_mul(unit_us);
        let at_us = match text.len() {
            10 => since_1970(1_000_000),
            13 => since_1970(1_000),
            _ => None,
        };
        return at_us.map(|us| Time::Bound(Bound::At(us))).ok_or_else(|| {
            unreadable(
                text,
                "10 digits are seconds since 1970, 13 are milliseconds; offsets are written without `@`",
            )
        });
    }
    if let Ok(span) = humantime::parse_duration(text) {
        return Ok(Time::Span(span));
    }
    let bound: Bound = text.parse()?;
    match bound.is_of_log() {
        true => Err(unreadable(text, "offsets are written without `@`")),
        false => Ok(Time::Bound(bound)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match text.parse::<RangeConfig>() {
            Ok(range) => format!("{text}  =  {} .. {}", range.from, range.to),
            Err(error) => format!("{text}  =  {error}"),
        }
    }

    #[test]
    fn ranges_are_read_as_rpk_has_them() {
        let read = [
            "100:200",
            "100:",
            "100",
            ":200",
            ":end",
            "start",
            "start:end",
            "+10:",
            "-10:",
            "+10:-10",
            "clicks/0=100,clicks/1=250:0=7",
            "@-48h:-24h",
            "@2026-01-01:2026-01-31",
            "@2026-02-14:1h",
            "@-48h:1h 30m",
            "@:-1h",
            "@-1h:end",
            "@2026-01-01",
            "@2026-01-01:",
            "@2026-01-01T10:00:00Z",
            "@2026-01-01T10:00:00+02:00:",
            "@2026-01-01T10:00Z:2026-01-01T11:30:00.5+02:00",
            "@:2026-01-01T10:00Z",
            "@2026-01-01T10Z:30m",
            "@1767225600:1767225601500",
        ]
        .map(read);
        insta::assert_snapshot!(read.join("\n"), @r"
        100:200  =  100 .. 200
        100:  =  100 .. latest
        100  =  100 .. latest
        :200  =  earliest .. 200
        :end  =  earliest .. latest
        start  =  earliest .. latest
        start:end  =  earliest .. latest
        +10:  =  +10 .. latest
        -10:  =  -10 .. latest
        +10:-10  =  +10 .. -10
        clicks/0=100,clicks/1=250:0=7  =  clicks/0=100,clicks/1=250 .. 0=7
        @-48h:-24h  =  -2days .. -1day
        @2026-01-01:2026-01-31  =  2026-01-01T00:00:00Z .. 2026-01-31T00:00:00Z
        @2026-02-14:1h  =  2026-02-14T00:00:00Z .. 2026-02-14T01:00:00Z
        @-48h:1h 30m  =  -2days .. -1day 22h 30m
        @:-1h  =  earliest .. -1h
        @-1h:end  =  -1h .. latest
        @2026-01-01  =  2026-01-01T00:00:00Z .. latest
        @2026-01-01:  =  2026-01-01T00:00:00Z .. latest
        @2026-01-01T10:00:00Z  =  2026-01-01T10:00:00Z .. latest
        @2026-01-01T10:00:00+02:00:  =  2026-01-01T08:00:00Z .. latest
        @2026-01-01T10:00Z:2026-01-01T11:30:00.5+02:00  =  2026-01-01T10:00:00Z .. 2026-01-01T09:30:00.500Z
        @:2026-01-01T10:00Z  =  earliest .. 2026-01-01T10:00:00Z
        @2026-01-01T10Z:30m  =  2026-01-01T10:00:00Z .. 2026-01-01T10:30:00Z
        @1767225600:1767225601500  =  2026-01-01T00:00:00Z .. 2026-01-01T00:00:01.500Z
        ");
    }

    #[test]
    fn an_unreadable_range_gives_the_reason() {
        let read = [
            "",
            ":",
            "@",
            "@:",
            "100:200:300",
            "2026-01-01:2026-01-31",
            "-48h:",
            "@100:200",
            "@+10:",
            "@1h:",
            "@:1h",
            "@-1h:2h",
            "@yesterday:2026-01-01T10:00Z",
            "@2026-01-01T10:00:2026-01-02",
            "@2026-01-01:2026-01-32",
        ]
        .map(read);
        insta::assert_snapshot!(read.join("\n"), @r"
          =  cannot read ``: it has neither a start nor an end; write `start:end` for everything
        :  =  cannot read `:`: it has neither a start nor an end; write `start:end` for everything
        @  =  cannot read `@`: it has neither a start nor an end; write `start:end` for everything
        @:  =  cannot read `@:`: it has neither a start nor an end; write `start:end` for everything
        100:200:300  =  cannot read `200:300`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
        2026-01-01:2026-01-31  =  cannot read `2026-01-01`: a range of times starts with `@`, as in `@2026-01-01T00:00:00Z:`
        -48h:  =  cannot read `-48h`: a range of times starts with `@`, as in `@-2days:`
        @100:200  =  cannot read `100`: 10 digits are seconds since 1970, 13 are milliseconds; offsets are written without `@`
        @+10:  =  cannot read `+10`: offsets are written without `@`
        @1h:  =  cannot read `1h`: a range cannot start in the future; for a time before the plan, write `-1h`
        @:1h  =  cannot read `1h`: a duration is counted from the start of the range, which has no time
        @-1h:2h  =  cannot read `2h`: this is in the future, as it is counted from the start of the range
        @yesterday:2026-01-01T10:00Z  =  cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
        @2026-01-01T10:00:2026-01-02  =  cannot read `2026-01-01T10`: it has no zone: append `Z` for UTC, or an offset such as `+02:00`
        @2026-01-01:2026-01-32  =  cannot read `2026-01-32`: there is no such day in the calendar
        ");
    }

    proptest! {
        /// Two times are split at the right colon.
        #[test]
        fn two_times_are_split_at_the_right_colon(
            from in -10_000_000_000_000_000i64..100_000_000_000_000_000,
            to in -10_000_000_000_000_000i64..100_000_000_000_000_000,
        ) {
            let range = RangeConfig { from: Bound::At(from), to: Bound::At(to) };
            let text = format!("@{}:{}", range.from, range.to);
            prop_assert_eq!(text.parse::<RangeConfig>().expect("written here"), range);
        }

        /// Any text is a range or refused.
        #[test]
        fn any_text_is_read_or_refused(text in "[@:+=,/0-9a-zTZ. -]{0,24}|.{0,12}") {
            if let Err(error) = text.parse::<RangeConfig>() {
                prop_assert!(error.to_string().len() < 400);
            }
        }
    }
}
