//! Questions in SQL, on a connection that cannot write.

use std::time::{Duration, Instant};

use rusqlite::ErrorCode;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;

use super::builds;
use super::connect::{Database, Session};
use super::fault::{Fault, said};
use super::names::quote;
use crate::store::{Answer, Question, Scalar};

/// Asks one question.
pub(super) fn ask(database: &Database, question: &Question) -> Result<Answer, Fault> {
    let late = Instant::now() + question.timeout;
    database.read_only("ask in SQL", late, |session| {
        for build in std::iter::once(&question.shadow).chain(&question.live) {
            builds::seen_alone(session, build)?.loaded()?;
        }
        let live = question.live.as_ref();
        let live = live.map(|build| quote(&build.shadow_name()));
        let shadow = quote(&question.shadow.shadow_name());
        let Some(sql) = question.sql.about(&shadow, live.as_deref()) else {
            return Ok(Answer::no_live());
        };
        session.authorizer(Some(only_reads))?;
        let answer = answer(session, &sql);
        // The end of the transaction is not the question's.
        session.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => refused(session, error, late, question.timeout),
        }
    })
}

/// Lets SQLite compile what reads: no writing, no pragma, no other file. `query_only` refuses to write as well.
fn only_reads(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Recursive => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn answer(session: &Session, sql: &str) -> rusqlite::Result<Answer> {
    let mut statement = session.prepare(sql)?;
    if let Some(unusable) = Answer::of_columns(statement.column_count()) {
        return Ok(unusable);
    }
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(Answer::no_row());
    };
    let value = scalar(row.get_ref(0)?);
    Ok(match rows.next()? {
        None => Answer::Value(value),
        Some(_) => Answer::several_rows(),
    })
}

fn scalar(value: ValueRef<'_>) -> Scalar {
    match value {
        ValueRef::Null => Scalar::Null,
        ValueRef::Integer(number) => Scalar::Number(number as f64, number.to_string()),
        ValueRef::Real(number) => Scalar::Number(number, number.to_string()),
        ValueRef::Text(text) => Scalar::other("text", &String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Scalar::Other(format!("a blob of {} bytes", bytes.len())),
    }
}

/// What a failure says about the question, unless it is one of the database or a cancellation.
fn refused(
    session: &Session,
    error: rusqlite::Error,
    late: Instant,
    timeout: Duration,
) -> Result<Answer, Fault> {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => {
            session.check_cancelled()?;
            match Instant::now() >= late {
                true => Ok(Answer::late(timeout)),
                false => Err(error.into()),
            }
        }
        // Of the statement: its syntax, its names, its functions, what it may not do, what it overflows.
        None
        | Some(
            ErrorCode::Unknown
            | ErrorCode::AuthorizationForStatementDenied
            | ErrorCode::ReadOnly
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig
            | ErrorCode::ConstraintViolation,
        ) => Ok(Answer::refused(&said(&error).to_string())),
        Some(_) => Err(error.into()),
    }
}
