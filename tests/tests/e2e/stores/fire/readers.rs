//! Readers of a table, as other programs are: they know nothing of backfold but the public name, or the pointer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use backfold_tests::dynamodb;
use backfold_tests::postgres::Database;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use super::{Row, TABLE};
use crate::stores::target::Target;

/// How long a reader of DynamoDB goes on with a pointer.
const KEPT: Duration = Duration::from_millis(20);

pub(super) trait Reader: Send {
    /// All rows, and the oldest version that they may be of: the one that `done` gave right before the reader looked for
    /// the table.
    fn read(&mut self, done: &dyn Fn() -> usize) -> (Vec<Row>, usize);
}

/// A reader with a connection of its own. Those of a store do not all read in the same way.
pub(super) fn of(target: &Target, folder: &Path, number: usize) -> Box<dyn Reader> {
    match target {
        Target::Sqlite => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let connection = Connection::open_with_flags(folder.join("tables.db"), flags);
            Box::new(OfSqlite(connection.unwrap()))
        }
        Target::Postgres { database, .. } => Box::new(OfPostgres::new(database, number)),
        Target::DynamoDb { prefix } => Box::new(OfDynamo::new(prefix)),
    }
}

struct OfSqlite(Connection);

impl Reader for OfSqlite {
    fn read(&mut self, done: &dyn Fn() -> usize) -> (Vec<Row>, usize) {
        let oldest = done();
        let query = format!("SELECT build, rows FROM {TABLE}");
        let mut select = self.0.prepare_cached(&query).unwrap();
        let rows = select.query_map((), |row| {
            Ok(Row {
                build: row.get(0)?,
                rows: row.get(1)?,
            })
        });
        (rows.unwrap().collect::<Result<_, _>>().unwrap(), oldest)
    }
}

/// The ways of reading in PostgreSQL.
enum Way {
    /// A statement that was prepared before all swaps.
    Prepared(Statement),
    /// A query in text.
    Text(String),
    /// Two reads in a transaction, which find the same.
    Transaction(Statement),
}

struct OfPostgres {
    runtime: Runtime,
    client: Client,
    way: Way,
}

impl OfPostgres {
    fn new(database: &Database, number: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        let query = format!("SELECT build, rows FROM {TABLE}");
        let (client, way) = runtime.block_on(async {
            let client = database.connect(database.owner()).await.unwrap();
            let prepared = client.prepare(&query).await.unwrap();
            let way = match number % 4 {
                0 => Way::Text(query),
                1 => Way::Transaction(prepared),
                _ => Way::Prepared(prepared),
            };
            (client, way)
        });
        OfPostgres {
            runtime,
            client,
            way,
        }
    }
}

async fn prepared(client: &Client, select: &Statement) -> Vec<Row> {
    let rows = client.query(select, &[]).await.unwrap();
    let row = |row: &tokio_postgres::Row| Row {
        build: row.get(0),
        rows: row.get(1),
    };
    rows.iter().map(row).collect()
}

impl Reader for OfPostgres {
    fn read(&mut self, done: &dyn Fn() -> usize) -> (Vec<Row>, usize) {
        let client = &self.client;
        self.runtime.block_on(async {
            match &self.way {
                Way::Prepared(select) => {
                    let oldest = done();
                    (prepared(client, select).await, oldest)
                }
                Way::Text(select) => {
                    let oldest = done();
                    let messages = client.simple_query(select).await.unwrap();
                    let row = |message: &SimpleQueryMessage| match message {
                        SimpleQueryMessage::Row(row) => Some(Row {
                            build: row.get(0)?.parse().ok()?,
                            rows: row.get(1)?.parse().ok()?,
                        }),
                        _ => None,
                    };
                    (messages.iter().filter_map(row).collect(), oldest)
                }
                Way::Transaction(select) => {
                    let oldest = done();
                    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                    client.batch_execute(begin).await.unwrap();
                    let first = prepared(client, select).await;
                    let second = prepared(client, select).await;
                    client.batch_execute("COMMIT").await.unwrap();
                    assert_eq!(first, second, "a transaction sees one build");
                    (first, oldest)
                }
            }
        })
    }
}

/// Requests by hand: the SDK takes several times as long as the server.
struct OfDynamo {
    stream: BufReader<TcpStream>,
    control: String,
    /// The table of the live build, since when it is known, and the version that was done by then.
    pointer: Option<(String, Instant, usize)>,
}

impl OfDynamo {
    fn new(prefix: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", dynamodb::shared().port())).unwrap();
        stream.set_nodelay(true).unwrap();
        OfDynamo {
            stream: BufReader::new(stream),
            control: format!("{prefix}backfold_control"),
            pointer: None,
        }
    }

    fn ask(&mut self, action: &str, body: &Value) -> Value {
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-amz-target: DynamoDB_20120810.{action}\r\n\
             content-type: application/x-amz-json-1.0\r\nx-amz-date: 20260101T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=testkey/20260101/eu-west-1/dynamodb/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.clone();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("content-length", bytes)) => length = bytes.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        let answer = serde_json::from_slice(&answer).unwrap();
        assert!(status.contains(" 200 "), "{status}{answer}");
        answer
    }
}

impl Reader for OfDynamo {
    fn read(&mut self, done: &dyn Fn() -> usize) -> (Vec<Row>, usize) {
        let kept = self.pointer.take();
        let kept = kept.filter(|(_, since, _)| since.elapsed() < KEPT);
        let (table, since, oldest) = kept.unwrap_or_else(|| {
            let (oldest, since) = (done(), Instant::now());
            let get = json!({
                "TableName": self.control, "ConsistentRead": true,
                "Key": { "table_name": { "S": TABLE }, "item": { "S": "pointer" } },
            });
            let found = self.ask("GetItem", &get);
            let table = found["Item"]["physical"]["S"].as_str();
            (table.expect("a pointer").to_owned(), since, oldest)
        });
        let query = json!({
            "TableName": table, "KeyConditionExpression": "#part = :part",
            "ExpressionAttributeNames": { "#part": "part" },
            "ExpressionAttributeValues": { ":part": { "S": "all" } },
        });
        let answer = self.ask("Query", &query);
        assert!(answer.get("LastEvaluatedKey").is_none());
        let number = |value: &Value| value["N"].as_str().unwrap().parse().unwrap();
        let row = |item: &Value| Row {
            build: number(&item["build"]),
            rows: number(&item["rows"]),
        };
        let rows = answer["Items"]
            .as_array()
            .unwrap()
            .iter()
            .map(row)
            .collect();
        self.pointer = Some((table, since, oldest));
        (rows, oldest)
    }
}
