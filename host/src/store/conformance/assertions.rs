//! Questions in SQL.

use std::time::{Duration, Instant};

use super::*;
use crate::store::{Answer, Assertions, Question, Scalar, SqlTemplate};

/// A limit that no question of these cases needs.
const AMPLE: Duration = Duration::from_secs(60);

/// A question that has no answer within any limit of these cases.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

fn question(sql: &str) -> Question {
    Question {
        sql: SqlTemplate::try_from(sql.to_owned()).expect("the placeholders are known"),
        shadow: build(2),
        live: Some(build(1)),
        timeout: AMPLE,
    }
}

/// A build that is live, with three rows of 1, and one with two rows of 2. `None` if the store cannot be asked.
async fn two_builds(harness: &dyn Harness) -> Option<Arc<dyn StateStore>> {
    let store = harness.open().await;
    store.assertions()?;
    live(&*store, &build(1), &["/a", "/b", "/c"], 1).await;
    stored(&*store, &build(2), &columns(), &[rows(&["/a", "/b"], 2)])
        .await
        .expect("these rows can be stored");
    Some(store)
}

fn assertions(store: &dyn StateStore) -> &dyn Assertions {
    store.assertions().expect("it could be asked before")
}

async fn answer(store: &dyn StateStore, sql: &str) -> Answer {
    let answer = assertions(store).ask(&question(sql)).await;
    answer.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(super) async fn questions_are_answered(harness: &dyn Harness) {
    if two_builds(harness).await.is_none() {
        return;
    }
    // As a command asks that changes nothing.
    let store = harness
        .open_with(Access::Read, StoreContext::default())
        .await;
    let number = |number: f64, text: &str| Answer::Value(Scalar::Number(number, text.to_owned()));
    for (sql, expected) in [
        ("SELECT count(*) FROM {shadow}", number(2.0, "2")),
        ("SELECT count(*) FROM {live};", number(3.0, "3")),
        ("SELECT max(total) FROM {shadow} -- {{", number(2.0, "2")),
        ("SELECT 1.5", number(1.5, "1.5")),
        (
            "SELECT max(total) FROM {live} WHERE total > 1",
            Answer::Value(Scalar::Null),
        ),
        (
            "SELECT min(page) FROM {live}",
            Answer::Value(Scalar::Other("the text \"/a\"".to_owned())),
        ),
    ] {
        assert_eq!(answer(&*store, sql).await, expected, "{sql}");
    }
    for (sql, truth) in [
        ("SELECT count(*) = 2 FROM {shadow}", true),
        ("SELECT count(*) = 2 FROM {live}", false),
    ] {
        let found = match answer(&*store, sql).await {
            Answer::Value(Scalar::Boolean(truth)) => truth,
            Answer::Value(Scalar::Number(number, _)) => number == 1.0,
            other => panic!("{sql}: {other:?}"),
        };
        assert_eq!(found, truth, "{sql}");
    }
}

pub(super) async fn questions_that_have_no_answer_say_why(harness: &dyn Harness) {
    let Some(store) = two_builds(harness).await else {
        return;
    };
    for (sql, why) in [
        ("SELECT page FROM {shadow}", "several rows"),
        ("SELECT page FROM {shadow} WHERE total > 2", "no row"),
        ("SELECT page, total FROM {shadow}", "2 columns"),
        ("SELECT missing FROM {shadow}", "missing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT FROM WHERE", "refused"),
        ("SELECT 1; SELECT 1", "refused"),
    ] {
        match answer(&*store, sql).await {
            Answer::Unusable(said) if said.contains(why) => {}
            other => panic!("{sql}: {other:?}"),
        }
    }
    let without_live = Question {
        live: None,
        ..question("SELECT count(*) FROM {live}")
    };
    let answer = assertions(&*store).ask(&without_live).await;
    assert!(matches!(answer, Ok(Answer::Unusable(_))), "{answer:?}");
    // A build whose table is not there is no fault of the question.
    let unknown = Question {
        shadow: build(9),
        ..question("SELECT 1")
    };
    let error = assertions(&*store).ask(&unknown).await;
    assert!(
        matches!(error, Err(StoreError::UnknownBuild { .. })),
        "{error:?}"
    );
    let dropped = store.drop_build(TABLE, &build(2).build).await;
    dropped.expect("it is not live");
    let error = assertions(&*store).ask(&question("SELECT 1")).await;
    assert_eq!(refused_state(error), BuildState::Dropped);
}

pub(super) async fn questions_change_nothing(harness: &dyn Harness) {
    let Some(store) = two_builds(harness).await else {
        return;
    };
    for sql in [
        "DELETE FROM {shadow}",
        "DELETE FROM {shadow} RETURNING total",
        "UPDATE {live} SET total = 9 RETURNING total",
        "INSERT INTO {shadow} VALUES ('/z', 9) RETURNING total",
        "DROP TABLE {shadow}",
        "CREATE TABLE made_by_a_question AS SELECT 1",
        "COMMIT",
        "ROLLBACK",
        "COMMIT; DELETE FROM {shadow}",
        "SELECT 1; DELETE FROM {shadow}",
    ] {
        match answer(&*store, sql).await {
            Answer::Unusable(_) => {}
            other => panic!("{sql}: {other:?}"),
        }
    }
    for (n, pages, total) in [(1, &["/a", "/b", "/c"][..], 1), (2, &["/a", "/b"], 2)] {
        let (_, found) = read(&*store, &build(n), &columns())
            .await
            .expect("a loaded build can be read");
        assert_eq!(found, digest_of(&columns(), &[rows(pages, total)]));
    }
    assert_eq!(harness.totals("made_by_a_question").await, None);
    assert_eq!(harness.totals(TABLE).await, Some(vec![1; 3]));
}

pub(super) async fn a_question_ends_in_time_or_when_it_is_cancelled(harness: &dyn Harness) {
    let Some(store) = two_builds(harness).await else {
        return;
    };
    let limited = Question {
        timeout: Duration::from_millis(200),
        ..question(ENDLESS)
    };
    let began = Instant::now();
    let answer = assertions(&*store).ask(&limited).await;
    match answer.expect("the store works") {
        Answer::Unusable(said) => assert!(said.contains("200ms"), "{said}"),
        other => panic!("{other:?}"),
    }
    assert!(began.elapsed() < Duration::from_secs(10));

    let context = StoreContext::default();
    let store = harness.open_with(Access::Read, context.clone()).await;
    let endless = question(ENDLESS);
    let asking = assertions(&*store).ask(&endless);
    let cancel = async {
        tokio::task::yield_now().await;
        context.cancel.cancel();
    };
    let (answer, ()) = futures::join!(asking, cancel);
    assert!(
        matches!(answer, Err(StoreError::Cancelled { .. })),
        "{answer:?}"
    );
    let answer = assertions(&*store).ask(&question("SELECT 1")).await;
    assert!(
        matches!(answer, Err(StoreError::Cancelled { .. })),
        "{answer:?}"
    );
}
