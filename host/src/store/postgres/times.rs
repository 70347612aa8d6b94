//! Times of the bookkeeping: RFC 3339 in UTC with microseconds, as `store::rules` writes them, kept as `timestamptz`.

/// A time of a column as text.
pub(super) fn from_time(column: &str) -> String {
    format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

/// A time that is bound as text to this parameter.
pub(super) fn to_time(parameter: usize) -> String {
    format!("${parameter}::text::timestamptz")
}
