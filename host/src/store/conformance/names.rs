//! Names from job files and components, and tables of other programs.

use std::sync::Arc;

use super::*;
use crate::store::Index;

/// Names that are code, markup or paths elsewhere.
const HOSTILE: [&str; 9] = [
    "\"; DROP TABLE x; --",
    "'quoted'",
    "a b.c",
    "SELECT",
    "[x]",
    "`x`",
    "%00",
    "../../etc",
    "größe 📈",
];

pub(super) async fn hostile_names_are_only_names(harness: &dyn Harness) {
    let store = harness.open().await;
    let supports = store.supports();
    for (n, name) in (1..).zip(HOSTILE) {
        let columns = TableColumns {
            keys: vec![column(name, Kind::Utf8, false)],
            values: vec![
                column("total", Kind::Int64, false),
                column("rowid", Kind::Int64, false),
            ],
        };
        let table = match supports.all_names {
            true => name.to_owned(),
            false => format!("table{n}"),
        };
        let pages: ArrayRef = Arc::new(StringArray::from(vec!["'); DROP TABLE x; --"]));
        let total: ArrayRef = Arc::new(Int64Array::from(vec![n]));
        let rows = RecordBatch::try_new(columns.schema(), vec![pages, total.clone(), total]);
        let id = match supports.all_names {
            true => format!("01K0\"' {n}"),
            false => build(0).build,
        };
        let build = BuildInfo {
            build: id,
            ..build_of(&table, 0)
        };
        assert_comes_back(
            &*store,
            &build,
            &columns,
            &[rows.expect("the columns are those of the schema")],
        )
        .await;
        if supports.indexes {
            let index = Index::try_from(vec![format!("\"{}\" desc", name.replace('"', "\"\""))]);
            let indexes = [index.expect("a quoted name can be read")];
            store
                .index(&build, &indexes)
                .await
                .expect("a quoted name can have an index");
            let builds = store.builds(&table).await.expect("builds can be listed");
            assert_eq!(builds[0].lacks(&indexes), [&indexes[0]; 0], "{name}");
        }
        swapped(&*store, &build, None).await;
        assert_eq!(harness.totals(&table).await, Some(vec![n]), "{name}");
    }
}

pub(super) async fn impossible_names_are_refused(harness: &dyn Harness) {
    let store = harness.open().await;
    let long = "x".repeat(100_000);
    let mut names = vec!["", "a\0b", "backfold_builds", "Backfold_x", long.as_str()];
    if !store.supports().all_names {
        // A name of letters alone is possible in every store.
        let hostile = HOSTILE.into_iter();
        names.extend(hostile.filter(|name| !name.chars().all(|one| one.is_ascii_alphabetic())));
    }
    for name in names {
        let error = store
            .prepare(name, &columns(), &[])
            .await
            .expect_err("no table can have this name");
        assert!(
            matches!(error, StoreError::Name { what: "table", .. }),
            "{error}"
        );
        assert!(
            error.to_string().len() < 1000,
            "the message holds all of a long name"
        );
    }
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    for name in ["", "a\0b"] {
        let columns = TableColumns {
            keys: vec![column(name, Kind::Utf8, false)],
            values: Vec::new(),
        };
        let error = store
            .prepare(TABLE, &columns, &[])
            .await
            .expect_err("no column can have this name");
        assert!(
            matches!(error, StoreError::Name { what: "column", .. }),
            "{error}"
        );
        let error = store
            .create(&build(1), &columns)
            .await
            .expect_err("no column can have this name");
        assert!(
            matches!(error, StoreError::Name { what: "column", .. }),
            "{error}"
        );
    }
    assert_eq!(
        store.builds(TABLE).await.expect("builds can be listed"),
        [],
        "a refused build was kept"
    );
}

pub(super) async fn foreign_tables_are_not_touched(harness: &dyn Harness) {
    let store = harness.open().await;
    let foreign = |error: StoreError, name: &str| {
        assert!(
            matches!(&error, StoreError::Foreign { name: found } if found == name),
            "{error}"
        );
    };
    harness.make_foreign(TABLE).await;
    foreign(
        store
            .prepare(TABLE, &columns(), &[])
            .await
            .expect_err("the name is taken"),
        TABLE,
    );
    foreign(
        store
            .create(&build(1), &columns())
            .await
            .expect_err("the name is taken"),
        TABLE,
    );

    // The name may also be taken while a build runs.
    let late = build_of("late", 1);
    stored(&*store, &late, &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    harness.make_foreign("late").await;
    foreign(
        store
            .swap(&swap_to(&late, None))
            .await
            .expect_err("the name was taken"),
        "late",
    );
    assert_eq!(
        store.live("late").await.expect("the pointer can be read"),
        None
    );

    // So may the name of a build's own table.
    let shadowed = build_of("shadowed", 1);
    store
        .prepare("shadowed", &columns(), &[])
        .await
        .expect("the name is free");
    harness.make_foreign(&shadowed.shadow_name()).await;
    foreign(
        store
            .create(&shadowed, &columns())
            .await
            .expect_err("taken"),
        &shadowed.shadow_name(),
    );

    for name in [TABLE, "late", &shadowed.shadow_name()] {
        assert_eq!(
            harness.totals(name).await,
            Some(vec![42]),
            "`{name}` was touched"
        );
    }
}
