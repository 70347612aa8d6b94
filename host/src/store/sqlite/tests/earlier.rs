//! Databases of the release that stored positions with the pointers.

use super::*;

/// The bookkeeping of that release, with a build that was shown and one that was not.
const BEFORE: &str = r#"
    DROP TABLE backfold_positions;
    ALTER TABLE backfold_pointers RENAME TO pointers_of_now;
    CREATE TABLE backfold_pointers (
        table_name TEXT NOT NULL,
        version INTEGER NOT NULL,
        build TEXT NOT NULL,
        previous TEXT,
        handoff TEXT NOT NULL,
        swapped_by TEXT NOT NULL,
        swapped_at TEXT NOT NULL,
        PRIMARY KEY (table_name, version)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO backfold_pointers
        SELECT table_name, version, build, previous,
            '{"positions":[{"offset":{"topic":"clicks","partition":0,"next":' || (version * 10) || '}},'
            || '{"archive":{"source":"files","last_key":"z"}}]}',
            swapped_by, swapped_at
        FROM pointers_of_now;
    DROP TABLE pointers_of_now;"#;

fn positions(next: i64) -> Option<Handoff> {
    let topic = HandoffPosition::Offset {
        source: "kafka".to_owned(),
        topic: "clicks".to_owned(),
        partition: 0,
        next,
        until_us: None,
    };
    let archive = serde_json::from_str(r#"{"archive": {"source": "files", "last_key": "z"}}"#);
    Some(Handoff {
        positions: vec![topic, archive.unwrap()],
    })
}

async fn assert_positions(store: &SqliteStore) {
    let builds = store.builds("Clicks").await.unwrap();
    let found: Vec<_> = builds.into_iter().map(|build| build.handoff).collect();
    // The newest pointer to the first build is the third.
    assert_eq!(found, [positions(30), positions(20), None]);
    assert_eq!(store.history("Clicks").await.unwrap().len(), 3);
}

#[tokio::test]
async fn positions_move_from_the_pointers_to_the_builds() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    live(&store, &build(2), &["/b"]).await;
    swap(&store, &build(1)).await.unwrap();
    loaded(&store, &build(3), &["/c"]).await;
    folder.other_program().execute_batch(BEFORE).unwrap();

    // Whatever reads finds them where they are.
    let reader = folder.store_with(Access::Read, StoreContext::default());
    assert_positions(&reader).await;

    // The first write moves them.
    store.drop_build("Clicks", &build(2).build).await.unwrap();
    assert_positions(&store).await;
    assert_positions(&reader).await;
    swap(&store, &build(3)).await.unwrap();
    live(&store, &build(4), &["/d"]).await;
    let builds = store.builds("Clicks").await.unwrap();
    assert_eq!(builds[3].handoff, None, "it was loaded without positions");
    assert_eq!(store.live("Clicks").await.unwrap().unwrap().version, 5);
}
