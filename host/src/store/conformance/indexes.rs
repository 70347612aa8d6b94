//! Indexes.

use super::*;
use crate::store::Index;

fn index(columns: &[&str]) -> Index {
    let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
    Index::try_from(columns).expect("the names can be read")
}

async fn definitions(store: &dyn StateStore, n: u32) -> Vec<String> {
    let indexes = stored_build(store, n).await.indexes;
    let mut definitions: Vec<_> = indexes.into_iter().map(|one| one.definition).collect();
    definitions.sort();
    definitions
}

/// Whether a store has no indexes, which must then be refused.
async fn has_none(store: &dyn StateStore) -> bool {
    if store.supports().indexes {
        return false;
    }
    let wanted = [index(&["total desc"])];
    let refused = |result: Result<(), StoreError>| match result {
        Err(StoreError::Column { column, .. }) => assert_eq!(column, "total"),
        other => panic!("{other:?}"),
    };
    refused(store.prepare(TABLE, &columns(), &wanted).await);
    stored(store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    refused(store.index(&build(1), &wanted).await);
    true
}

pub(super) async fn indexes_are_built_once(harness: &dyn Harness) {
    let store = harness.open().await;
    if has_none(&*store).await {
        return;
    }
    let wanted = [index(&["total desc"]), index(&["page", "total"])];
    let rows = [numbered(3000, 7)];
    let loaded = stored(&*store, &build(1), &columns(), &rows)
        .await
        .expect("these rows can be stored");
    assert_eq!(definitions(&*store, 1).await, [""; 0]);
    assert_eq!(stored_build(&*store, 1).await.lacks(&wanted).len(), 2);
    for wanted in [&wanted[..1], &wanted[..], &wanted[..]] {
        store
            .index(&build(1), wanted)
            .await
            .expect("these columns are there");
        assert_eq!(
            stored_build(&*store, 1).await.lacks(wanted),
            [&wanted[0]; 0]
        );
    }
    assert_eq!(definitions(&*store, 1).await, ["page, total", "total desc"]);
    let (_, found) = read(&*store, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(found, loaded, "an index changed the rows");
    swapped(&*store, &build(1), None).await;
    assert_eq!(harness.totals(TABLE).await, Some(vec![7; 3000]));
}

pub(super) async fn indexes_go_with_their_table(harness: &dyn Harness) {
    let store = harness.open().await;
    if has_none(&*store).await {
        return;
    }
    let wanted = [index(&["total"])];
    for n in [1, 2] {
        stored(&*store, &build(n), &columns(), &[rows(&["/a"], 1)])
            .await
            .expect("these rows can be stored");
        store
            .index(&build(n), &wanted)
            .await
            .expect("those of two builds do not meet");
    }
    store
        .drop_build(TABLE, &build(1).build)
        .await
        .expect("it is not live");
    assert_eq!(definitions(&*store, 1).await, [""; 0]);
    assert_eq!(definitions(&*store, 2).await, ["total"]);
    // A load begins with a table without any.
    store
        .create(&build(2), &columns())
        .await
        .expect("it is not live");
    assert_eq!(definitions(&*store, 2).await, [""; 0]);
    let error = store.index(&build(2), &wanted).await;
    assert_eq!(refused_state(error), BuildState::Loading);
}

pub(super) async fn columns_of_indexes_must_be_there(harness: &dyn Harness) {
    let store = harness.open().await;
    let wanted = [index(&["page"]), index(&["page", "views desc"])];
    let refused = |result: Result<(), StoreError>| match result {
        Err(StoreError::IndexColumn { column, known, .. }) => {
            assert_eq!(
                (column.as_str(), &known[..]),
                ("views", &["page".to_owned(), "total".to_owned()][..])
            );
        }
        other => panic!("{other:?}"),
    };
    refused(store.prepare(TABLE, &columns(), &wanted).await);
    stored(&*store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    refused(store.index(&build(1), &wanted).await);
    assert_eq!(definitions(&*store, 1).await, [""; 0]);
}
