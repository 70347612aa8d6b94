//! Names and values that are code elsewhere, in every place where a store meets them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use backfold_tests::components::raw;
use backfold_tests::dynamodb;
use backfold_tests::postgres::{self, Release, database::quoted};
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use serde_json::json;

use super::target::{Target, runtime};

/// A table and a column of these names need quotes wherever they are used.
const TABLE: &str = "order";
const KEY: &str = "select";

/// Names for what an operator names, short enough for PostgreSQL.
const NAME: &str = "n'a\"m;e$1 \\ -- é";

const TEXTS: [&str; 18] = [
    "'; DROP TABLE victim; --",
    "\"; DROP TABLE victim; --",
    "'); DELETE FROM backfold_pointers; --",
    "\\'; DROP TABLE victim; --",
    "$1",
    "$$",
    "%s%n",
    ":part",
    "#part",
    "{\"S\": \"x\"}",
    "\\N",
    "\\.",
    "NULL",
    "\u{1b}[2J",
    "a\r\nb\tc",
    " ",
    "\u{202e}é😀",
    "\u{feff}",
];

/// Makes a table of another program with one row.
fn make_victim(target: &Target, bench: &Workbench) {
    let sql = "CREATE TABLE victim (v text); INSERT INTO victim VALUES ('alive')";
    match target {
        Target::Sqlite => {
            let other = Connection::open(bench.database()).unwrap();
            other.execute_batch(sql).unwrap();
        }
        Target::Postgres {
            database, schema, ..
        } => {
            let path = format!("SET search_path = {}; {sql}", quoted(schema));
            database.superuser().unwrap().run(&path).unwrap();
        }
        Target::DynamoDb { prefix } => runtime().block_on(async {
            let (client, table) = (dynamodb::shared().client(), format!("{prefix}victim"));
            let key = KeySchemaElement::builder().attribute_name("v");
            let of_type = AttributeDefinition::builder().attribute_name("v");
            let create = client.create_table().table_name(&table);
            create
                .key_schema(key.key_type(KeyType::Hash).build().unwrap())
                .attribute_definitions(
                    of_type
                        .attribute_type(ScalarAttributeType::S)
                        .build()
                        .unwrap(),
                )
                .billing_mode(BillingMode::PayPerRequest)
                .send()
                .await
                .unwrap();
            let alive = AttributeValue::S("alive".to_owned());
            let put = client.put_item().table_name(&table).item("v", alive);
            put.send().await.unwrap();
        }),
    }
}

/// The rows of that table.
fn victim(target: &Target, bench: &Workbench) -> Vec<String> {
    match target {
        Target::DynamoDb { prefix } => runtime().block_on(async {
            let client = dynamodb::shared().client();
            let scan = client.scan().table_name(format!("{prefix}victim"));
            let items = scan.send().await.unwrap().items.unwrap();
            let texts = items.iter().map(|item| item["v"].as_s().unwrap().clone());
            texts.collect()
        }),
        _ => target.rows(bench, "victim", &["v"]).concat(),
    }
}

fn texts_and_names_are_only_that(target: &Target) {
    let mut bench = Workbench::new(&raw()).unwrap();
    let settings = format!(
        "table = \"{TABLE}\"\nparams.keys = \"{KEY}\"\n{}",
        target.settings()
    );
    bench.write_job(&raw(), &settings).unwrap();
    target.set_variables(&mut bench, target.port());
    make_victim(target, &bench);
    let mut expected = BTreeMap::new();
    let mut lines = String::new();
    for (amount, text) in TEXTS.into_iter().enumerate() {
        lines += &format!("{}\n", json!({ "page": text, "amount": amount }));
        expected.insert(text, amount);
    }
    bench.write_object("texts.jsonl", lines).unwrap();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(text, amount)| vec![text.to_owned(), "1".to_owned(), amount.to_string()])
        .collect();
    for line in [
        "run --swap",
        "run --fresh --swap",
        "rollback",
        "status",
        "log",
        "gc --keep 0",
    ] {
        bench.run(line).success();
        let rows = target.rows(&bench, TABLE, &[KEY, "events", "total"]);
        assert!(rows == expected, "{}, {line}: {rows:?}", target.name());
        assert_eq!(
            victim(target, &bench),
            ["alive"],
            "{}, {line}",
            target.name()
        );
    }
    // An error shows a key of the reader's without what a terminal would obey.
    let diff = bench.run("diff").success();
    assert!(!diff.stdout.contains('\u{1b}') && !diff.stderr.contains('\u{1b}'));
}

#[test]
fn texts_and_names_are_only_texts_and_names() {
    for target in Target::all() {
        texts_and_names_are_only_that(&target);
    }
}

#[test]
fn roles_databases_and_schemas_are_only_names() {
    let database = postgres::shared(Release::Newer).database(NAME).unwrap();
    let role = database.role(NAME).unwrap();
    let (schema, owner) = (quoted(NAME), quoted(&role.name));
    let make = format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}");
    database.superuser().unwrap().run(&make).unwrap();
    texts_and_names_are_only_that(&Target::Postgres {
        database,
        role,
        schema: NAME.to_owned(),
    });
}

#[test]
fn names_of_tables_that_no_store_takes_are_refused() {
    for target in Target::all() {
        let mut bench = Workbench::new(&raw()).unwrap();
        target.set_variables(&mut bench, target.port());
        let line = "{\"page\": \"/a\", \"amount\": 3}";
        bench.write_object("part.jsonl", line).unwrap();
        for name in [
            "x'; DROP TABLE victim; --",
            "x\"y",
            "a.b",
            "../x",
            "",
            "backfold_builds",
            "1x",
        ] {
            let name = toml::Value::from(name);
            let settings = format!("table = {name}\n{}", target.settings());
            bench.write_job(&raw(), &settings).unwrap();
            bench.refuses("run --swap", 2, "BF0008");
        }
        assert_eq!(target.tables(&bench), [""; 0]);
    }
}
