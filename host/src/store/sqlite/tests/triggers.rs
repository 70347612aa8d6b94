//! Triggers on a public view, and views of it.

use super::*;

const HUNG: &str = "
    CREATE TABLE log (page TEXT, total INTEGER);
    CREATE VIEW totals AS SELECT sum(total) AS all_of_them FROM Clicks;
    CREATE TRIGGER note INSTEAD OF INSERT ON Clicks BEGIN
        INSERT INTO log VALUES (NEW.page, NEW.total);
    END;
    CREATE TRIGGER \"forget it\" INSTEAD OF DELETE ON Clicks BEGIN
        DELETE FROM log WHERE page = OLD.page;
    END;
    CREATE TRIGGER raise INSTEAD OF UPDATE OF total ON Clicks BEGIN
        UPDATE log SET total = NEW.total WHERE page = OLD.page;
    END;
    CREATE TRIGGER own_function INSTEAD OF INSERT ON Clicks WHEN NEW.total < 0 BEGIN
        SELECT function_of_a_program(NEW.page);
    END;";

fn without_total() -> TableColumns {
    let mut columns = columns();
    columns.values[0].name = "sum".to_owned();
    columns
}

fn triggers(folder: &Folder) -> Vec<String> {
    let other = folder.other_program();
    let mut names = other
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn triggers_and_views_outlive_a_swap() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    let other = folder.other_program();
    other.execute_batch(HUNG).unwrap();
    live(&store, &build(2), &["/a", "/b"]).await;
    assert_eq!(
        triggers(&folder),
        ["forget it", "note", "own_function", "raise"]
    );
    other.execute_batch("DROP TRIGGER own_function").unwrap();
    live(&store, &build(3), &["/a", "/b", "/c"]).await;

    let statements = "INSERT INTO Clicks VALUES ('/x', 7), ('/a', 1), ('/b', 1);
        UPDATE Clicks SET total = 9 WHERE page = '/a'; DELETE FROM Clicks WHERE page = '/b'";
    other.execute_batch(statements).unwrap();
    let found: String = other
        .query_row(
            "SELECT group_concat(page || total, ' ' ORDER BY page) FROM log",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(found, "/a9 /x7");
    let all: i64 = other
        .query_row("SELECT all_of_them FROM totals", [], |row| row.get(0))
        .unwrap();
    assert_eq!(all, 3, "another view goes on by name");
}

#[tokio::test]
async fn triggers_that_would_break_are_named_before_and_at_a_swap() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    folder.other_program().execute_batch(HUNG).unwrap();
    let before = triggers(&folder);
    let error = store
        .prepare("Clicks", &without_total(), &[])
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"triggers of `Clicks` need columns that the new build does not have: `note`, `raise`");
    assert_eq!(
        (triggers(&folder), error.code().number),
        (before.clone(), 623)
    );
    store.prepare("Clicks", &columns(), &[]).await.unwrap();
    assert_eq!(triggers(&folder), before);

    // They may have been hung there while the build ran.
    let new = build(2);
    store.create(&new, &without_total()).await.unwrap();
    let (sender, receiver) = channel(1);
    sender.send(end(&[])).await.unwrap();
    store
        .load(&new, &without_total(), &Handoff::default(), receiver)
        .await
        .unwrap();
    let error = swap(&store, &new).await.unwrap_err();
    assert!(matches!(error, StoreError::Triggers { .. }), "{error}");
    assert_eq!(triggers(&folder), before);
    assert_eq!(store.live("Clicks").await.unwrap().unwrap().version, 1);
    assert_eq!(folder.totals("Clicks").await, Some(vec![1]));

    let drop_them = "DROP TRIGGER note; DROP TRIGGER raise";
    folder.other_program().execute_batch(drop_them).unwrap();
    swap(&store, &new).await.unwrap();
    assert_eq!(triggers(&folder), ["forget it", "own_function"]);
}
