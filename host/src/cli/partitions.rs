//! The planned partitions of topics, as a table.

use std::cmp::Reverse;

use backfold::source::FrozenPartition;

use super::human::{count, counted, moment, size};
use super::paint::Paint;
use super::table::{Side, Table};

/// The largest number of rows.
const ROWS: usize = 20;

/// The number of partitions and records, for the field `input`.
pub(crate) fn summary(partitions: &[FrozenPartition]) -> String {
    format!(
        "{}, at most {}",
        counted(partitions.len() as u64, "partition"),
        counted(
            partitions.iter().map(FrozenPartition::offsets).sum(),
            "record"
        )
    )
}

/// A table of the largest partitions, and the number of records in the others.
pub(crate) fn table(partitions: &[FrozenPartition], paint: Paint) -> String {
    let (empty, mut full): (Vec<_>, Vec<_>) = partitions.iter().partition(|one| one.offsets() == 0);
    full.sort_by_key(|one| (Reverse(one.offsets()), one.topic.as_str(), one.partition));
    let (shown, more) = full.split_at(full.len().min(ROWS));

    let mut text = String::new();
    if !shown.is_empty() {
        let mut table = Table::new(&[
            ("partition", Side::Left),
            ("start", Side::Right),
            ("end", Side::Right),
            ("records ≤", Side::Right),
            ("size", Side::Right),
            ("first", Side::Left),
            ("last", Side::Left),
        ]);
        for one in shown {
            let bytes = one
                .record_bytes
                .map(|bytes| bytes.saturating_mul(one.offsets()));
            table.row([
                format!("{}/{}", one.topic, one.partition),
                one.start.to_string(),
                one.end.to_string(),
                count(one.offsets()),
                bytes.map_or_else(unknown, |bytes| format!("~{}", size(bytes))),
                one.first_us.map_or_else(unknown, second),
                one.last_us.map_or_else(unknown, second),
            ]);
        }
        text.push_str(&table.render(2, paint));
    }
    if !more.is_empty() {
        let records = more.iter().map(|one| one.offsets()).sum();
        text.push_str(&format!(
            "  and {} more, {}\n",
            count(more.len() as u64),
            counted(records, "record")
        ));
    }
    match empty.len() as u64 {
        0 => {}
        1 => text.push_str("  1 partition is empty\n"),
        several => text.push_str(&format!("  {} partitions are empty\n", count(several))),
    }
    text
}

fn unknown() -> String {
    "–".to_owned()
}

/// A moment without fractions of a second, to keep the table narrow.
fn second(at_us: i64) -> String {
    moment(at_us.saturating_sub(at_us.rem_euclid(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(partition: i32, start: i64, end: i64) -> FrozenPartition {
        FrozenPartition {
            topic: "clicks".into(),
            topic_id: None,
            partition,
            start,
            end,
            record_bytes: Some(395),
            first_us: Some(1_767_225_600_250_000),
            last_us: Some(1_769_904_000_000_000),
        }
    }

    #[test]
    fn the_fullest_partitions_come_first_and_empty_ones_are_counted() {
        let partitions = [
            partition(0, 100, 250),
            partition(1, 7, 7),
            partition(2, 1_000_000, 3_500_000),
            FrozenPartition {
                record_bytes: None,
                first_us: None,
                last_us: None,
                ..partition(10, 0, 150)
            },
        ];
        insta::assert_snapshot!(summary(&partitions), @"4 partitions, at most 2,500,300 records");
        insta::assert_snapshot!(table(&partitions, Paint::none()), @r"
        partition    start      end  records ≤        size  first                 last
        clicks/2   1000000  3500000  2,500,000  ~941.8 MiB  2026-01-01T00:00:00Z  2026-02-01T00:00:00Z
        clicks/0       100      250        150   ~57.9 KiB  2026-01-01T00:00:00Z  2026-02-01T00:00:00Z
        clicks/10        0      150        150           –  –                     –
        1 partition is empty
        ");
    }

    #[test]
    fn of_many_partitions_the_rest_is_summed_up() {
        let partitions: Vec<_> = (0..1_030)
            .map(|number| partition(number, 0, i64::from(1_030 - number).min(1_028)))
            .chain([partition(2_000, 5, 5), partition(2_001, 0, 0)])
            .collect();
        let text = table(&partitions, Paint::none());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 1 + ROWS + 2, "{text}");
        insta::assert_snapshot!([&lines[..3], &lines[ROWS..]].concat().join("\n"), @r"
        partition  start   end  records ≤        size  first                 last
        clicks/0       0  1028      1,028  ~396.5 KiB  2026-01-01T00:00:00Z  2026-02-01T00:00:00Z
        clicks/1       0  1028      1,028  ~396.5 KiB  2026-01-01T00:00:00Z  2026-02-01T00:00:00Z
        clicks/19      0  1011      1,011  ~390.0 KiB  2026-01-01T00:00:00Z  2026-02-01T00:00:00Z
        and 1,010 more, 510,555 records
        2 partitions are empty
        ");
    }

    #[test]
    fn where_all_are_empty_there_is_no_table() {
        insta::assert_snapshot!(table(&[partition(0, 3, 3)], Paint::none()), @"  1 partition is empty");
        assert_eq!(table(&[], Paint::none()), "");
    }
}
