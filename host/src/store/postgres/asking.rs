//! Questions in SQL, in a transaction that cannot write.

use std::pin::pin;
use std::time::Duration;

use futures::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::builds;
use super::connect::{Database, Session};
use super::fault::{self, Fault};
use super::names::{qualified, quote};
use super::records::Lock;
use super::transaction::{begin_reading, roll_back};
use crate::store::{Answer, Question, Scalar};

/// The time after its limit that a statement has to be ended by the server.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks one question.
pub(super) async fn ask(database: &Database, question: &Question) -> Result<Answer, Fault> {
    let session = database.session().await?;
    let schema = &database.schema;
    begin_reading(&session).await?;
    for build in std::iter::once(&question.shadow).chain(&question.live) {
        let seen = builds::seen_alone(&session, schema, build, Lock::None).await?;
        seen.loaded()?;
    }
    let live = question.live.as_ref();
    let live = live.map(|build| qualified(schema, &build.shadow_name()));
    let shadow = qualified(schema, &question.shadow.shadow_name());
    let Some(sql) = question.sql.about(&shadow, live.as_deref()) else {
        return Ok(Answer::no_live());
    };
    // 0 would be no limit at all.
    let limit_ms = question.timeout.as_millis().max(1);
    let settings = format!(
        "SET LOCAL statement_timeout = {limit_ms}; SET LOCAL search_path = pg_catalog, {}, pg_temp",
        quote(schema)
    );
    session.run(&settings).await?;
    let asking = tokio::time::timeout(question.timeout + PATIENCE, answer(&session, &sql));
    match asking.await {
        // The connection is dropped, which cancels the statement.
        Err(_) => Ok(Answer::late(question.timeout)),
        Ok(Ok(answer)) => {
            roll_back(&session).await;
            Ok(answer)
        }
        Ok(Err(fault)) => refused(&session, fault, question.timeout),
    }
}

async fn answer(session: &Session, sql: &str) -> Result<Answer, Fault> {
    // To be prepared it has to be a single statement, so that none ends the transaction before another one.
    let statement = session.wait_for(session.prepare(sql)).await?;
    if let Some(unusable) = Answer::of_columns(statement.columns().len()) {
        return Ok(unusable);
    }
    if !statement.params().is_empty() {
        let what = "it has parameters such as `$1`, which nothing gives a value".to_owned();
        return Ok(Answer::Unusable(what));
    }
    let kind = statement.columns()[0].type_().clone();
    // The simple protocol gives values of every type as text.
    let rows = session.wait_for(session.simple_query_raw(sql)).await?;
    let mut rows = pin!(rows);
    let mut found = None;
    while let Some(message) = session.wait_for(rows.try_next()).await? {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        if found.is_some() {
            return Ok(Answer::several_rows());
        }
        found = Some(scalar(&kind, row.get(0)));
    }
    Ok(found.map_or_else(Answer::no_row, Answer::Value))
}

fn scalar(kind: &Type, text: Option<&str>) -> Scalar {
    let Some(text) = text else {
        return Scalar::Null;
    };
    let is_number = [
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::NUMERIC,
    ]
    .contains(kind);
    match text.parse() {
        Ok(number) if is_number => Scalar::Number(number, text.to_owned()),
        _ if *kind == Type::BOOL => Scalar::Boolean(text == "t"),
        _ => Scalar::other(kind.name(), text),
    }
}

/// What a failure says about the question, unless it is one of the connection or a cancellation.
fn refused(session: &Session, fault: Fault, timeout: Duration) -> Result<Answer, Fault> {
    session.check_cancelled()?;
    let Fault::Postgres(error) = &fault else {
        return Err(fault);
    };
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::QUERY_CANCELED => Ok(Answer::late(timeout)),
        Some(said) if !fault::ends_connection(said.code().code()) => {
            Ok(Answer::refused(&fault::text(said).to_string()))
        }
        _ => Err(fault),
    }
}
