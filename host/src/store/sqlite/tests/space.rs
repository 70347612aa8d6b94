//! The space of dropped tables, and indexes that were made by hand.

use super::*;
use crate::store::Index;

fn pragma(folder: &Folder, name: &str) -> i64 {
    let other = folder.other_program();
    other
        .pragma_query_value(None, name, |row| row.get(0))
        .unwrap()
}

fn size(folder: &Folder) -> u64 {
    std::fs::metadata(folder.config().path).unwrap().len()
}

async fn two_builds(folder: &Folder) -> SqliteStore {
    let store = folder.store();
    let pages: Vec<_> = (0..100_000).map(|n| format!("/page/{n:06}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    live(&store, &build(1), &pages).await;
    live(&store, &build(2), &pages[..1000]).await;
    store
}

#[tokio::test]
async fn a_database_of_our_own_gives_space_back() {
    let folder = Folder::new();
    // An empty file is no database of anybody yet.
    std::fs::write(folder.config().path, "").unwrap();
    let store = two_builds(&folder).await;
    assert_eq!(pragma(&folder, "auto_vacuum"), 2);
    let none = store.reclaim().await.unwrap();
    assert_eq!(none, Reclaimed::default());
    let before = size(&folder);
    store.drop_build("Clicks", &build(1).build).await.unwrap();

    // A reader keeps what it sees, and the space is given back all the same.
    let mut reader = folder.other_program();
    let snapshot = reader.transaction().unwrap();
    let count = || {
        snapshot.query_row("SELECT count(*) FROM Clicks", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    assert_eq!(count().unwrap(), 1000);
    let space = store.reclaim().await.unwrap();
    assert_eq!(count().unwrap(), 1000);
    snapshot.commit().unwrap();
    drop(reader);
    assert_eq!((space.free_bytes, space.how), (0, None));
    assert!(
        space.given_back_bytes > 1 << 20,
        "{}",
        space.given_back_bytes
    );
    store.reclaim().await.unwrap();
    assert!(
        before - size(&folder) > 1 << 20,
        "{before} {}",
        size(&folder)
    );
    assert_eq!(folder.totals("Clicks").await, Some(vec![1; 1000]));
    assert_eq!(integrity(&folder.config().path), "ok");
}

#[tokio::test]
async fn a_database_of_others_is_left_as_it_is() {
    let folder = Folder::new();
    folder.make_foreign("other").await;
    let store = two_builds(&folder).await;
    assert_eq!(pragma(&folder, "auto_vacuum"), 0);
    store.drop_build("Clicks", &build(1).build).await.unwrap();
    let before = size(&folder);
    let space = store.reclaim().await.unwrap();
    assert_eq!(space.given_back_bytes, 0);
    assert!(space.free_bytes > 1 << 20, "{}", space.free_bytes);
    let how = format!("sqlite3 '{}' VACUUM", folder.config().path.display());
    assert_eq!(space.how, Some(how));
    assert_eq!(size(&folder), before);
    folder.other_program().execute_batch("VACUUM").unwrap();
    assert_eq!(store.reclaim().await.unwrap(), Reclaimed::default());
}

#[tokio::test]
async fn indexes_made_by_hand_are_listed() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    let sql = "CREATE INDEX a ON Clicks__01k1 (total DESC, page);
        CREATE UNIQUE INDEX b ON Clicks__01k1 (total, page);
        CREATE INDEX c ON Clicks__01k1 (page COLLATE NOCASE);
        CREATE INDEX d ON Clicks__01k1 (lower(page)) WHERE total > 0;";
    folder.other_program().execute_batch(sql).unwrap();
    let found = store.builds("Clicks").await.unwrap().remove(0);
    let listed: Vec<_> = found
        .indexes
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.definition.as_str(),
                one.index.is_some(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("a", "total desc, page", true),
            ("b", "unique (total, page)", false),
            ("c", "(page COLLATE NOCASE)", false),
            ("d", "(lower(page)) WHERE total > 0", false),
        ]
    );
    // What is there is not built a second time.
    let wanted = ["total desc", "page"].map(str::to_owned).to_vec();
    let wanted = [Index::try_from(wanted).unwrap()];
    store.index(&build(1), &wanted).await.unwrap();
    let again = store.builds("Clicks").await.unwrap().remove(0);
    assert_eq!(again.indexes, found.indexes);
    // A column more does no harm.
    let sql = "ALTER TABLE Clicks__01k1 ADD COLUMN note TEXT";
    folder.other_program().execute_batch(sql).unwrap();
    let found = store.builds("Clicks").await.unwrap().remove(0);
    assert_eq!(found.state, crate::store::BuildState::Loaded);
}

#[tokio::test]
async fn readers_use_an_index_through_the_view() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a", "/b"]).await;
    let wanted = [Index::try_from(vec!["total desc".to_owned()]).unwrap()];
    store.index(&build(1), &wanted).await.unwrap();
    let plan: String = folder
        .other_program()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT page FROM Clicks ORDER BY total DESC LIMIT 10",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    insta::assert_snapshot!(plan, @"SCAN Clicks__01k1 USING COVERING INDEX Clicks__01k1__index1");
}

#[tokio::test]
async fn a_step_gives_back_many_pages() {
    let folder = Folder::new();
    let store = two_builds(&folder).await;
    store.drop_build("Clicks", &build(1).build).await.unwrap();
    let step = store.blocking("giving back".to_owned(), |database| {
        let session = database.connect()?;
        let free = session.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        Ok((reclaim::give_back(&session)?, free))
    });
    let (pages, free): (i64, i64) = step.await.unwrap();
    assert!(free > 100 && pages == free, "{pages} of {free} pages");
}
