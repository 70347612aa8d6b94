//! What others made on the public view, and what becomes of it.

use super::*;

/// The columns of [`columns`] with others among and after them.
fn other_columns(more: &[(&str, Kind)], keeps_total: bool) -> TableColumns {
    let mut columns = columns();
    if !keeps_total {
        columns.values.clear();
    }
    let more = more.iter().map(|(name, kind)| output(name, *kind, true));
    columns.values.extend(more);
    columns
}

/// A build of `columns` without rows.
async fn empty(
    store: &PostgresStore,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(), StoreError> {
    stored(store, build, columns, &[]).await.map(|_| ())
}

/// What the database says of the public view: options, grants, comments, defaults.
fn described(bench: &Bench) -> Vec<String> {
    bench.column(&format!(
        "WITH v AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = '{SCHEMA}' AND c.relname = '{TABLE}')
         SELECT 'options ' || reloptions::text FROM v
         UNION ALL SELECT 'owner ' || relowner::regrole::text FROM v
         UNION ALL SELECT concat_ws(' ', 'grant', grantee::regrole, privilege_type, is_grantable)
             FROM v, aclexplode(v.relacl)
         UNION ALL SELECT concat_ws(' ', 'grant', attname, grantee::regrole, privilege_type, is_grantable)
             FROM v JOIN pg_attribute a ON a.attrelid = v.oid, aclexplode(attacl)
         UNION ALL SELECT concat_ws(' ', 'comment', objsubid, description)
             FROM v JOIN pg_description d ON d.objoid = v.oid
         UNION ALL SELECT 'default ' || pg_get_expr(adbin, adrelid) FROM v JOIN pg_attrdef f ON f.adrelid = v.oid
         UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM v JOIN pg_trigger t ON t.tgrelid = v.oid
         UNION ALL SELECT 'rule ' || pg_get_ruledef(r.oid) FROM v JOIN pg_rewrite r ON r.ev_class = v.oid
             WHERE rulename <> '_RETURN'
         ORDER BY 1"
    ))
}

/// Gives the public view all that a view can have, but for objects that depend on it.
fn adorn(bench: &Bench) -> Role {
    let role = bench.database.role("a \"reader\"").unwrap();
    let (view, reader) = (named(TABLE), quoted(&role.name));
    bench.run(&format!(
        "ALTER VIEW {view} SET (security_barrier = true);
         GRANT SELECT, UPDATE ON {view} TO {reader} WITH GRANT OPTION;
         GRANT SELECT (page), INSERT (total) ON {view} TO PUBLIC;
         REVOKE TRUNCATE ON {view} FROM CURRENT_USER;
         COMMENT ON VIEW {view} IS 'it''s \\ a view';
         COMMENT ON COLUMN {view}.page IS 'a page';
         ALTER VIEW {view} ALTER COLUMN page SET DEFAULT '/';
         CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER \"on insert\" INSTEAD OF INSERT ON {view} FOR EACH ROW EXECUTE FUNCTION {function}();
         CREATE RULE \"on delete\" AS ON DELETE TO {view} DO INSTEAD NOTHING;
         GRANT USAGE ON SCHEMA {schema} TO {reader}",
        function = named("react"),
        schema = quoted(SCHEMA),
    ));
    role
}

#[tokio::test]
async fn all_that_others_made_on_a_view_outlives_a_swap() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    let role = adorn(&bench);
    bench.run(&format!(
        "CREATE VIEW {} AS SELECT total FROM {}",
        named("on it"),
        named(TABLE)
    ));
    let before = described(&bench);
    let client = bench.database.connect(&role).await.unwrap();
    let all = format!("SELECT * FROM {}", named(TABLE));
    let prepared = client.prepare(&all).await.unwrap();
    assert_eq!(client.query(&prepared, &[]).await.unwrap().len(), 1);

    live(&store, &build(2), 2).await;
    assert_eq!(described(&bench), before);
    assert_eq!(client.query(&prepared, &[]).await.unwrap().len(), 2);
    assert_eq!(bench.totals("on it").await, Some(vec![2, 2]));

    // The same with a column more, at the end; a prepared `*` no longer fits, named columns do.
    let named_columns = format!("SELECT page, total FROM {}", named(TABLE));
    let named_columns = client.prepare(&named_columns).await.unwrap();
    let more = other_columns(&[("more", Kind::Json)], true);
    empty(&store, &build(3), &more).await.unwrap();
    swap_to(&store, &build(3)).await.unwrap();
    assert_eq!(described(&bench), before);
    assert_eq!(client.query(&named_columns, &[]).await.unwrap().len(), 0);
    let error = client.query(&prepared, &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "0A000");
    assert_eq!(bench.totals("on it").await, Some(vec![]));
}

#[tokio::test]
async fn a_view_whose_columns_change_is_made_anew_with_all_it_had() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    let role = adorn(&bench);
    // Whatever new views get by default, this one has what the old one had.
    bench.run(&format!(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT ALL ON TABLES TO PUBLIC",
        quoted(SCHEMA)
    ));
    let before = described(&bench);
    let changed = TableColumns {
        values: vec![
            output("mean", Kind::Float64, true),
            output("total", Kind::Int64, true),
        ],
        ..columns()
    };
    empty(&store, &build(2), &changed).await.unwrap();
    swap_to(&store, &build(2)).await.unwrap();
    assert_eq!(described(&bench), before);

    // And back: the column that a grant is of is gone meanwhile, and the grant with it.
    let without = other_columns(&[], false);
    empty(&store, &build(3), &without).await.unwrap();
    swap_to(&store, &build(3)).await.unwrap();
    let kept: Vec<_> = before
        .into_iter()
        .filter(|line| !line.contains("total"))
        .collect();
    assert_eq!(described(&bench), kept);
    swap_to(&store, &build(1)).await.unwrap();
    assert_eq!(described(&bench), kept);
    let session = bench.database.session_of(&role).unwrap();
    assert_eq!(
        column(&session, &format!("SELECT total FROM {}", named(TABLE))),
        ["1"]
    );
}

#[tokio::test]
async fn a_view_that_others_use_is_not_dropped() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    let without = other_columns(&[], false);
    empty(&store, &build(2), &without).await.unwrap();
    let (view, shadow) = (named(TABLE), named(&build(1).shadow_name()));
    bench.run(&format!(
        "CREATE VIEW {} AS SELECT total FROM {view};
         CREATE FUNCTION {}() RETURNS SETOF {view} LANGUAGE sql AS 'SELECT * FROM {view}';
         CREATE MATERIALIZED VIEW {} AS SELECT total FROM {shadow}",
        named("sums"),
        named("rows"),
        named("copy"),
    ));
    let used = |error: StoreError, names: &[&str]| match &error {
        StoreError::InUse { by, .. } => {
            assert_eq!(by.len() * 2, names.len(), "{error}");
            let all = names
                .iter()
                .all(|name| by.iter().any(|by| by.contains(name)));
            assert!(all, "{error}");
        }
        _ => panic!("{error}"),
    };
    let names = ["view ", ".sums", "function ", ".rows()"];
    used(swap_to(&store, &build(2)).await.unwrap_err(), &names);
    used(
        store.prepare(TABLE, &without, &[]).await.unwrap_err(),
        &names,
    );
    assert_eq!(bench.totals("sums").await, Some(vec![1]));
    assert_eq!(store.history(TABLE).await.unwrap().len(), 1);
    // Columns that only grow concern nobody.
    let more = other_columns(&[("more", Kind::Date)], true);
    store.prepare(TABLE, &more, &[]).await.unwrap();

    live(&store, &build(3), 3).await;
    let dropped = store.drop_build(TABLE, &build(1).build).await;
    used(dropped.unwrap_err(), &["materialized view ", ".copy"]);
    bench.run(&format!("DROP MATERIALIZED VIEW {}", named("copy")));
    store.drop_build(TABLE, &build(1).build).await.unwrap();
}

#[tokio::test]
async fn a_rule_that_would_break_stops_the_swap() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    let without = other_columns(&[], false);
    empty(&store, &build(2), &without).await.unwrap();
    let view = named(TABLE);
    bench.run(&format!(
        "CREATE TABLE {log} (total bigint);
         CREATE RULE \"to the log\" AS ON INSERT TO {view} DO INSTEAD INSERT INTO {log} VALUES (NEW.total)",
        log = named("log")
    ));
    let error = swap_to(&store, &build(2)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Triggers { names, .. } if names == &["to the log"]),
        "{error}"
    );
    assert_eq!(bench.totals(TABLE).await, Some(vec![1]));
}

#[tokio::test]
async fn what_others_put_under_the_public_name_is_left_alone() {
    let others = [
        "CREATE OR REPLACE VIEW {view} AS SELECT page, total FROM {shadow} WHERE total > 0",
        "CREATE OR REPLACE VIEW {view} AS SELECT page, total FROM {shadow} LIMIT 1000",
        "ALTER VIEW {view} RENAME COLUMN total TO views",
        "DROP VIEW {view}; CREATE TABLE {view} (total bigint)",
        "DROP VIEW {view}; CREATE MATERIALIZED VIEW {view} AS SELECT page, total FROM {shadow}",
        "DROP VIEW {view}; CREATE TYPE {view} AS ENUM ('total')",
        "ALTER TABLE {shadow} RENAME COLUMN total TO views",
    ];
    for statements in others {
        let bench = Bench::new();
        let store = bench.store().await;
        live(&store, &build(1), 1).await;
        loaded(&store, &build(2), 2).await;
        let statements = statements
            .replace("{view}", &named(TABLE))
            .replace("{shadow}", &named(&build(1).shadow_name()));
        bench.run(&statements);
        for error in [
            swap_to(&store, &build(2)).await.map(|_| ()).unwrap_err(),
            store.prepare(TABLE, &columns(), &[]).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, StoreError::Foreign { name } if name == TABLE),
                "{statements}: {error}"
            );
        }
    }
}
