//! Bookkeeping, roles and indexes.

use backfold::store::{BuildState, Index};

use super::*;

fn index(columns: &[&str]) -> Index {
    let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
    Index::try_from(columns).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_at_once_make_the_bookkeeping_once() {
    let bench = Bench::new();
    let mut stores = Vec::new();
    for _ in 0..8 {
        stores.push(bench.store().await);
    }
    let mut tasks = Vec::new();
    for store in stores {
        tasks.push(tokio::spawn(async move {
            store.prepare(TABLE, &columns(), &[]).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    live(&bench.store().await, &build(1), 1).await;
}

#[tokio::test]
async fn bookkeeping_of_another_shape_is_refused() {
    for name in ["backfold_builds", "backfold_pointers", "backfold_positions"] {
        let bench = Bench::new();
        bench.make_foreign(name).await;
        let store = bench.store().await;
        let error = store.prepare(TABLE, &columns(), &[]).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Foreign { name: found } if found == name),
            "{error}"
        );
        assert_eq!(bench.totals(name).await, Some(vec![42]));
    }
}

#[tokio::test]
async fn names_that_postgresql_would_cut_are_refused() {
    let bench = Bench::new();
    let store = bench.store().await;
    let of = |what: StoreError| match what {
        StoreError::Name { what, .. } => what,
        other => panic!("{other}"),
    };
    let longest = "t".repeat(35);
    store.prepare(&longest, &columns(), &[]).await.unwrap();
    let error = store
        .prepare(&format!("{longest}t"), &columns(), &[])
        .await
        .unwrap_err();
    assert_eq!(of(error), "table");
    for name in ["ctid", "tableoid", &"c".repeat(64)] {
        let mut columns = columns();
        columns.values.push(output(name, Kind::Int64, true));
        let error = store.prepare(TABLE, &columns, &[]).await.unwrap_err();
        assert_eq!(of(error), "column", "{name}");
    }
    let json = TableColumns {
        values: vec![output("it", Kind::Json, true)],
        ..columns()
    };
    let error = store
        .prepare(TABLE, &json, &[index(&["it"])])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Column { column, .. } if column == "it"),
        "{error}"
    );
    let build = BuildInfo {
        table: longest,
        ..build(1)
    };
    live(&store, &build, 1).await;
    let indexes = [index(&["total"]), index(&["total desc"])];
    store.index(&build, &indexes).await.unwrap();
    let builds = store.builds(&build.table).await.unwrap();
    assert_eq!(builds[0].lacks(&indexes), [&indexes[0]; 0]);
}

#[tokio::test]
async fn an_index_that_was_not_completed_is_built_again() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 100).await;
    let wanted = [index(&["total desc"])];
    store.index(&build(1), &wanted).await.unwrap();
    // As a crash in the middle of `CREATE INDEX CONCURRENTLY` leaves it.
    let name = format!("{}_i1", build(1).shadow_name());
    let broken = format!(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass",
        named(&name)
    );
    bench.database.superuser().unwrap().run(&broken).unwrap();
    let lacks = async || store.builds(TABLE).await.unwrap()[0].lacks(&wanted).len();
    assert_eq!(lacks().await, 1);
    store.index(&build(1), &wanted).await.unwrap();
    assert_eq!(lacks().await, 0);
    let count = format!(
        "SELECT count(*) FROM pg_class WHERE relname LIKE '{}\\_i%'",
        build(1).shadow_name()
    );
    assert_eq!(bench.column(&count), ["1"]);
}

#[tokio::test]
async fn indexes_of_others_are_described() {
    let bench = Bench::new();
    let store = bench.store().await;
    loaded(&store, &build(1), 3).await;
    let shadow = named(&build(1).shadow_name());
    bench.run(&format!(
        "CREATE INDEX a ON {shadow} (total DESC NULLS LAST);
         CREATE UNIQUE INDEX b ON {shadow} (lower(page)) WHERE total > 0;
         CREATE INDEX c ON {shadow} USING hash (total);
         CREATE INDEX d ON {shadow} (total) INCLUDE (page);
         CREATE INDEX e ON {shadow} (page COLLATE \"POSIX\");
         CREATE INDEX f ON {shadow} (page, total DESC)"
    ));
    let found = store.builds(TABLE).await.unwrap().remove(0).indexes;
    let found: Vec<_> = found
        .iter()
        .map(|one| {
            format!(
                "{}: {}{}",
                one.name,
                one.definition,
                if one.index.is_some() { "" } else { " (other)" }
            )
        })
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    a: btree (total DESC NULLS LAST) (other)
    b: unique btree (lower(page)) WHERE (total > 0) (other)
    c: hash (total) (other)
    d: btree (total) INCLUDE (page) (other)
    e: btree (page COLLATE "POSIX") (other)
    f: page, total desc
    "#);
}

/// The statements of `host/docs/stores.md` for three roles.
#[tokio::test]
async fn three_roles_share_the_work() {
    let bench = Bench::new();
    let role = |name: &str| bench.database.role(name).unwrap();
    let (builder, swapper, reader) = (role("builder"), role("swapper"), role("reader"));
    let [b, s, r] = [&builder, &swapper, &reader].map(|role| quoted(&role.name));
    let schema = quoted(SCHEMA);
    bench.run(&format!(
        "GRANT USAGE, CREATE ON SCHEMA {schema} TO {b}, {s};
         GRANT USAGE ON SCHEMA {schema} TO {r}"
    ));
    bench
        .database
        .session_of(&builder)
        .unwrap()
        .run(&format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {s}"
        ))
        .unwrap();
    let building = opened(&bench.config_of(&builder)).await;
    building.prepare(TABLE, &columns(), &[]).await.unwrap();
    bench
        .database
        .session_of(&builder)
        .unwrap()
        .run(&format!(
            "GRANT INSERT ON {pointers} TO {s}; GRANT UPDATE ON {builds} TO {s}",
            pointers = named("backfold_pointers"),
            builds = named("backfold_builds"),
        ))
        .unwrap();
    let config = bench.config_of(&swapper);
    let swapping = PostgresStore::open(&config, Access::Change, StoreContext::default());
    let swapping = swapping.await.unwrap();

    loaded(&building, &build(1), 1).await;
    swap_to(&swapping, &build(1)).await.unwrap();
    bench
        .database
        .session_of(&swapper)
        .unwrap()
        .run(&format!("GRANT SELECT ON {} TO {r}", named(TABLE)))
        .unwrap();
    loaded(&building, &build(2), 2).await;
    swap_to(&swapping, &build(2)).await.unwrap();
    let reading = bench.database.session_of(&reader).unwrap();
    assert_eq!(
        column(&reading, &format!("SELECT total FROM {}", named(TABLE))),
        ["2", "2"]
    );
    let shadow = format!("SELECT total FROM {}", named(&build(2).shadow_name()));
    assert_eq!(
        reading.rows(&shadow).unwrap_err().code().unwrap().code(),
        "42501"
    );
    // The builder cannot swap, and the swapper cannot drop.
    let error = swap_to(&building, &build(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    let error = swapping
        .drop_build(TABLE, &build(1).build)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    building.drop_build(TABLE, &build(1).build).await.unwrap();
    let states: Vec<_> = swapping
        .builds(TABLE)
        .await
        .unwrap()
        .iter()
        .map(|one| one.state)
        .collect();
    assert_eq!(states, [BuildState::Dropped, BuildState::Loaded]);
}
