use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use proptest::prelude::*;

use super::*;
use crate::cutover::fixture::{Fixture, TABLE, column, columns};
use crate::schema::Kind;
use crate::store::TableColumns;

fn samples(samples: usize) -> DiffOptions {
    DiffOptions {
        samples,
        ..DiffOptions::default()
    }
}

async fn diff_of(fixture: &Fixture, old: u32, new: u32) -> Diff {
    let (old, new) = (fixture.stored(old).await, fixture.stored(new).await);
    diff(&fixture.store, Some(&old), &new, &DiffOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn people_see_what_a_swap_would_change() {
    let fixture = Fixture::new().await;
    fixture
        .load(1, &[("/a", 1), ("/b", 2), ("/c", 3), ("/d", 4)])
        .await;
    fixture.live(1).await;
    let new = fixture
        .load(
            2,
            &[
                ("/a", 1),
                ("/b", 40),
                ("/c", 2),
                ("/e", 5),
                ("/f\u{1b}[31m", 6),
            ],
        )
        .await;
    let diff = diff_with_live(&fixture.store, &new, &DiffOptions::default())
        .await
        .unwrap();
    assert_eq!(diff.live_version, Some(1));
    insta::assert_snapshot!(diff, @r"
    clicks
      old  clicks__01k1  4 rows, live as version 1
      new  clicks__01k2  5 rows

    rows
      equal        1   16.7 %
      changed      2   33.3 %
      only in old  1   16.7 %
      only in new  2   33.3 %

    columns  differ           largest change
      total       2   66.7 %  +38 (2 -> 40) at page=/b

    drift         old   new
      total  sum     10    54  +440.0 %
             mean   2.5  10.8  +332.0 %

    only in old
      - page=/d

    only in new
      + page=/e
      + page=/f\u{1b}[31m

    changed
      ~ page=/b
          total 2 -> 40
      ~ page=/c
          total 3 -> 2
    ");
}

#[tokio::test]
async fn the_first_build_is_compared_with_nothing() {
    let fixture = Fixture::new().await;
    let pages: Vec<_> = (0..2000).map(|n| format!("/{n:04}")).collect();
    let rows: Vec<_> = pages.iter().map(|page| (page.as_str(), 1)).collect();
    let new = fixture.load(1, &rows).await;
    let diff = diff_with_live(&fixture.store, &new, &samples(2))
        .await
        .unwrap();
    assert_eq!((diff.live_version, &diff.old), (None, &None));
    assert_eq!(
        diff.counts,
        Counts {
            only_new: 2000,
            ..Counts::default()
        }
    );
    let text = diff.to_string();
    assert!(
        text.starts_with("clicks\n  old  nothing is live yet\n  new  clicks__01k1  2,000 rows\n"),
        "{text}"
    );
    assert!(text.contains("only in new, 2 of 2,000\n"), "{text}");
    assert!(!text.contains("differ"), "{text}");
}

/// Three rows with a value of each kind that is measured, and a text.
fn measured(
    counts: [Option<i64>; 3],
    means: [f64; 3],
    lasts: [i64; 3],
    days: [i32; 3],
    titles: [&str; 3],
) -> Vec<ArrayRef> {
    vec![
        Arc::new(StringArray::from(vec!["/a", "/b", "/c"])),
        Arc::new(Int64Array::from(counts.to_vec())),
        Arc::new(Float64Array::from(means.to_vec())),
        Arc::new(TimestampMicrosecondArray::from(lasts.to_vec()).with_timezone("UTC")),
        Arc::new(Date32Array::from(days.to_vec())),
        Arc::new(StringArray::from(titles.to_vec())),
    ]
}

#[tokio::test]
async fn changes_are_measured_by_kind() {
    let fixture = Fixture::new().await;
    let mut columns = columns();
    columns.values = vec![
        column("count", Kind::Int64, true),
        column("mean", Kind::Float64, true),
        column("last", Kind::Timestamp, true),
        column("day", Kind::Date, true),
        column("title", Kind::Utf8, true),
    ];
    let old = measured(
        [Some(i64::MIN), None, Some(1)],
        [0.5, 1.0, 1.0],
        [0; 3],
        [0, 10, 20],
        ["x", "y", "z"],
    );
    let new = measured(
        [Some(i64::MAX), Some(5), Some(1)],
        [0.25, f64::INFINITY, 1.0],
        [0, -3_600_000_000, 1_000_000],
        [1, 10, 17],
        ["x", "Y", "z"],
    );
    fixture.load_batch(1, columns.clone(), old).await;
    fixture.load_batch(2, columns, new).await;
    let diff = diff_of(&fixture, 1, 2).await;
    let found: Vec<_> = diff
        .columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.differ,
                column.largest.as_ref().map(|largest| largest.by.as_str()),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("count", 2, Some("+18446744073709551615")),
            ("mean", 2, Some("+inf")),
            ("last", 2, Some("-1h")),
            ("day", 2, Some("-3 days")),
            ("title", 1, None),
        ]
    );
    assert_eq!(
        diff.columns[2].largest.as_ref().unwrap().new,
        "1969-12-31T23:00:00Z"
    );
    assert_eq!(
        diff.counts,
        Counts {
            both: 3,
            equal: 0,
            ..Counts::default()
        }
    );
}

#[tokio::test]
async fn builds_may_have_other_columns() {
    let fixture = Fixture::new().await;
    let page: ArrayRef = Arc::new(StringArray::from(vec!["/a"]));
    let int: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let mut old = columns();
    old.values.extend([
        column("gone", Kind::Int64, true),
        column("typed", Kind::Int64, true),
    ]);
    let mut new = columns();
    new.values = vec![
        column("typed", Kind::Utf8, true),
        column("total", Kind::Int64, true),
        column("fresh", Kind::Json, true),
    ];
    fixture
        .load_batch(
            1,
            old,
            vec![page.clone(), int.clone(), int.clone(), int.clone()],
        )
        .await;
    fixture
        .load_batch(
            2,
            new,
            vec![page.clone(), page.clone(), int.clone(), page.clone()],
        )
        .await;
    let diff = diff_of(&fixture, 1, 2).await;
    assert_eq!(
        diff.counts,
        Counts {
            both: 1,
            equal: 1,
            ..Counts::default()
        }
    );
    assert!(diff.to_string().contains(
        "\nschema\n  + fresh json\n  - gone int64\n  ~ typed int64 -> utf8, not compared\n"
    ));

    let keyed = TableColumns {
        keys: vec![column("total", Kind::Int64, false)],
        values: Vec::new(),
    };
    fixture.load_batch(3, keyed, vec![int]).await;
    let diff = diff_of(&fixture, 1, 3).await;
    assert!(diff.schema.keys_differ);
    assert_eq!(
        diff.counts,
        Counts {
            only_old: 1,
            only_new: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        (
            diff.samples.only_old[0].as_str(),
            diff.samples.only_new[0].as_str()
        ),
        ("page=/a", "total=1")
    );
}

#[tokio::test]
async fn a_build_that_is_not_loaded_is_refused() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    fixture.create(2).await;
    let (old, new) = (fixture.stored(1).await, fixture.stored(2).await);
    let error = diff(&fixture.store, Some(&old), &new, &DiffOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, CutoverError::Store(StoreError::WrongState { .. })),
        "{error}"
    );
}

type Model = BTreeMap<String, i64>;

fn model() -> impl Strategy<Value = Model> {
    // Few keys and few values, so that all classes of rows are common.
    proptest::collection::btree_map("[a-c]{0,3}", -2_i64..3, 0..30)
}

async fn load(fixture: &Fixture, n: u32, model: &Model) {
    let rows: Vec<_> = model
        .iter()
        .map(|(key, total)| (key.as_str(), *total))
        .collect();
    fixture.load(n, &rows).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_finds_what_a_map_finds(old in model(), new in model()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let diff = runtime.block_on(async {
            let fixture = Fixture::new().await;
            load(&fixture, 1, &old).await;
            load(&fixture, 2, &new).await;
            let (old, new) = (fixture.stored(1).await, fixture.stored(2).await);
            super::diff(&fixture.store, Some(&old), &new, &samples(1000)).await.unwrap()
        });
        let text = |key: &String| format!("page={key}");
        let only = |a: &Model, b: &Model| a.keys().filter(|key| !b.contains_key(*key)).map(text).collect::<Vec<_>>();
        let both: Vec<_> = old.iter().filter_map(|(key, a)| new.get(key).map(|b| (key, *a, *b))).collect();
        let changed: Vec<_> = both.iter().filter(|(_, a, b)| a != b).collect();
        prop_assert_eq!(&diff.samples.only_old, &only(&old, &new));
        prop_assert_eq!(&diff.samples.only_new, &only(&new, &old));
        let found: Vec<_> = diff.samples.changed.iter().map(|row| row.key.clone()).collect();
        prop_assert_eq!(found, changed.iter().map(|(key, ..)| text(key)).collect::<Vec<_>>());
        prop_assert_eq!(diff.counts, Counts {
            only_old: diff.samples.only_old.len() as u64,
            only_new: diff.samples.only_new.len() as u64,
            both: both.len() as u64,
            equal: (both.len() - changed.len()) as u64,
        });
        prop_assert_eq!(diff.columns[0].differ, changed.len() as u64);
        let largest = changed.iter().map(|(_, a, b)| (b - a).abs()).max();
        let found = diff.columns[0].largest.as_ref().map(|change| change.by.parse::<i64>().unwrap().abs());
        prop_assert_eq!(found, largest);
        prop_assert_eq!(diff.table, TABLE);
    }
}

#[tokio::test]
async fn indexes_that_the_new_build_lacks_are_named() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    fixture.live(1).await;
    let wanted = |column: &str| crate::store::Index::try_from(vec![column.to_owned()]).unwrap();
    let old = fixture.stored(1).await.info;
    let both = [wanted("total desc"), wanted("page")];
    fixture.store.index(&old, &both).await.unwrap();
    fixture.execute("CREATE INDEX by_hand ON clicks__01k1 (lower(page))");
    let new = fixture.load(2, &[("/a", 1)]).await;
    let indexes = [wanted("page"), wanted("total")];
    fixture.store.index(&new.info, &indexes).await.unwrap();
    let diff = diff_of(&fixture, 1, 2).await;
    insta::assert_snapshot!(diff, @r"
    clicks
      old  clicks__01k1  1 row
      new  clicks__01k2  1 row

    rows
      equal        1  100.0 %
      changed      0    0.0 %
      only in old  0    0.0 %
      only in new  0    0.0 %

    indexes
      + total
      - (lower(page))  ! made by hand, and not on the new table
      - total desc  ! not in the job's [target] indexes

    columns  differ
      total       0
    ");
    assert!(diff_of(&fixture, 1, 1).await.indexes.is_same());
}

#[tokio::test]
async fn a_live_table_that_is_lost_does_not_keep_the_next_one_away() {
    let fixture = Fixture::new().await;
    for (n, damage) in [
        (1, "DROP TABLE clicks__01k1"),
        (
            3,
            "DROP VIEW clicks; ALTER TABLE clicks__01k3 DROP COLUMN total",
        ),
    ] {
        fixture.load(n, &[("/a", 1)]).await;
        fixture.live(n).await;
        fixture.execute(damage);
        let new = fixture.load(n + 1, &[("/a", 1), ("/b", 2)]).await;
        let diff = diff_with_live(&fixture.store, &new, &DiffOptions::default())
            .await
            .unwrap();
        assert_eq!((diff.old.as_ref(), diff.new.rows), (None, 2));
        let text = diff.to_string();
        let lines: Vec<_> = text.lines().take(4).collect();
        match n {
            1 => insta::assert_snapshot!(lines.join("\n"), @r"
            clicks
              old  clicks__01k1, live as version 1
              ! its table is gone, so there is nothing to compare with
              new  clicks__01k2  2 rows
            "),
            _ => insta::assert_snapshot!(lines.join("\n"), @r"
            clicks
              old  clicks__01k3, live as version 3
              ! its table is altered, so there is nothing to compare with
              new  clicks__01k4  2 rows
            "),
        }
        fixture.live(n + 1).await;
    }
}
