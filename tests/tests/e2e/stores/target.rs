//! The stores as targets of a job, and what other programs see in them.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use backfold_tests::dynamodb;
use backfold_tests::postgres::{self, Database, Release, Role, database::quoted};
use backfold_tests::workbench::Workbench;
use tokio::runtime::Runtime;

/// Rows of a table as other programs read them, each value as text, in the order of their texts.
pub(crate) type Texts = Vec<Vec<String>>;

/// A place for tables that no other test has.
pub(crate) enum Target {
    Sqlite,
    Postgres {
        database: Database,
        role: Role,
        schema: String,
    },
    DynamoDb {
        prefix: String,
    },
}

impl Target {
    pub(crate) fn postgres(release: Release) -> Self {
        let database = postgres::shared(release).database("stores").unwrap();
        Target::Postgres {
            role: database.owner().clone(),
            schema: "public".to_owned(),
            database,
        }
    }

    pub(crate) fn dynamodb() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("t{}.", COUNT.fetch_add(1, Ordering::Relaxed));
        Target::DynamoDb { prefix }
    }

    /// One in each store.
    pub(crate) fn all() -> Vec<Self> {
        let postgres = Release::ALL.map(Target::postgres);
        let mut all = vec![Target::Sqlite, Target::dynamodb()];
        all.extend(postgres);
        all
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Target::Sqlite => "SQLite",
            Target::Postgres { .. } => "PostgreSQL",
            Target::DynamoDb { .. } => "DynamoDB",
        }
    }

    /// The code of a command that lost the server.
    pub(crate) fn lost(&self) -> &'static str {
        match self {
            Target::Sqlite => "BF0617",
            Target::Postgres { .. } => "BF0632",
            Target::DynamoDb { .. } => "BF0641",
        }
    }

    /// The port of its server, if it has one.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Target::Sqlite => None,
            Target::Postgres { database, .. } => Some(database.port()),
            Target::DynamoDb { .. } => Some(dynamodb::shared().port()),
        }
    }

    /// The settings of a job, `port` being that of the server or of a proxy before it.
    pub(crate) fn settings_at(&self, port: Option<u16>) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        match self {
            Target::Sqlite => String::new(),
            Target::Postgres {
                database,
                role,
                schema,
            } => format!(
                "[target.postgres]\nurl = {}\nschema = {}\nsslmode = \"disable\"\n",
                text(&database.url_at(role, port.unwrap())),
                text(schema)
            ),
            Target::DynamoDb { prefix } => {
                // No reader keeps a pointer, so that builds can be dropped at once.
                let prefix = text(prefix);
                format!("[target.dynamodb]\ntable_prefix = {prefix}\npointer_cache = \"0s\"\n")
            }
        }
    }

    pub(crate) fn settings(&self) -> String {
        self.settings_at(self.port())
    }

    /// Gives commands of `bench` the variables with which they may use the target behind `port`.
    pub(crate) fn set_variables(&self, bench: &mut Workbench, port: Option<u16>) {
        match self {
            Target::Sqlite => {}
            Target::Postgres { database, .. } => {
                for (name, value) in database.environment() {
                    bench.set_variable(name, value);
                }
            }
            Target::DynamoDb { .. } => {
                for (name, value) in dynamodb::environment_at(port.unwrap()) {
                    bench.set_variable(name, &value);
                }
            }
        }
    }

    /// The rows that the public name `table` shows; none where it shows nothing.
    pub(crate) fn rows(&self, bench: &Workbench, table: &str, columns: &[&str]) -> Texts {
        let mut rows = match self {
            Target::Sqlite => of_sqlite(bench, table, columns),
            Target::Postgres {
                database, schema, ..
            } => of_postgres(database, schema, table, columns),
            Target::DynamoDb { prefix } => of_dynamodb(prefix, table, columns),
        };
        rows.sort();
        rows
    }

    /// The tables in the place that builds own, in the order of their names.
    pub(crate) fn tables(&self, bench: &Workbench) -> Vec<String> {
        let mut tables = match self {
            Target::Sqlite => {
                let Ok(reader) = bench.reader() else {
                    return Vec::new();
                };
                let names = "SELECT name FROM sqlite_schema WHERE type = 'table'";
                let mut names = reader.prepare(names).unwrap();
                let names = names.query_map((), |row| row.get(0)).unwrap();
                names.collect::<Result<_, _>>().unwrap()
            }
            Target::Postgres {
                database, schema, ..
            } => {
                let schema = schema.replace('\'', "''");
                let names =
                    format!("SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'");
                one_column(database.superuser().unwrap().rows(&names).unwrap())
            }
            Target::DynamoDb { prefix } => runtime().block_on(async {
                let mut pages = dynamodb::shared()
                    .client()
                    .list_tables()
                    .into_paginator()
                    .items()
                    .send();
                let mut names: Vec<String> = Vec::new();
                while let Some(name) = pages.next().await {
                    names.push(name.unwrap());
                }
                let names = names
                    .iter()
                    .filter_map(|name| name.strip_prefix(prefix.as_str()));
                names.map(str::to_owned).collect()
            }),
        };
        tables.retain(|name| name.contains("__"));
        tables.sort();
        tables
    }
}

fn of_sqlite(bench: &Workbench, table: &str, columns: &[&str]) -> Texts {
    let Ok(reader) = bench.reader() else {
        return Texts::new();
    };
    let list: Vec<_> = columns
        .iter()
        .map(|column| format!("CAST({} AS TEXT)", quoted(column)))
        .collect();
    let query = format!("SELECT {} FROM {}", list.join(", "), quoted(table));
    let Ok(mut select) = reader.prepare(&query) else {
        return Texts::new();
    };
    let width = columns.len();
    let rows = select.query_map((), |row| (0..width).map(|at| row.get(at)).collect());
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn of_postgres(database: &Database, schema: &str, table: &str, columns: &[&str]) -> Texts {
    let list: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    let (schema, table) = (quoted(schema), quoted(table));
    let session = database.superuser().unwrap();
    let query = format!("SELECT {} FROM {schema}.{table}", list.join(", "));
    match session.rows(&query) {
        Ok(rows) => rows
            .into_iter()
            .map(|row| row.into_iter().map(Option::unwrap).collect())
            .collect(),
        Err(error) => {
            // No view of the name.
            assert_eq!(
                error.code().map(|code| code.code()),
                Some("42P01"),
                "{error}"
            );
            Texts::new()
        }
    }
}

fn of_dynamodb(prefix: &str, table: &str, columns: &[&str]) -> Texts {
    runtime().block_on(async {
        let client = dynamodb::shared().client();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let control = format!("{prefix}backfold_control");
        let get = client.get_item().table_name(&control);
        let get = get
            .key("table_name", text(table))
            .key("item", text("pointer"));
        let found = match get.consistent_read(true).send().await {
            Ok(found) => found.item,
            Err(error) => {
                assert!(error.into_service_error().is_resource_not_found_exception());
                None
            }
        };
        let Some(pointer) = found else {
            return Texts::new();
        };
        let physical = pointer["physical"].as_s().unwrap();
        let scan = client.scan().table_name(physical).consistent_read(true);
        let mut items = scan.into_paginator().items().send();
        let mut rows = Texts::new();
        while let Some(item) = items.next().await {
            let item = item.unwrap();
            let value = |column: &&str| match &item[*column] {
                AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
                other => panic!("{other:?}"),
            };
            rows.push(columns.iter().map(value).collect());
        }
        rows
    })
}

fn one_column(rows: Vec<Vec<Option<String>>>) -> Vec<String> {
    rows.into_iter().flatten().flatten().collect()
}

pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}
