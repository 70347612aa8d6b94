//! What has to hold after a command was disturbed.

use backfold_tests::archive::Tallies;
use backfold_tests::fault;
use backfold_tests::process::{self, Finished};
use serde_json::{Value, json};

use super::place::{Place, expected};
use super::stage::Stage;
use super::target::Target;

/// A command that was not disturbed.
pub(crate) struct Undisturbed {
    /// The points that it passed.
    pub(crate) points: Vec<String>,
    /// The digest of the table, where the command names it.
    digest: Value,
    /// The names of all files and tables after it and after `gc`.
    names: Vec<String>,
}

impl Undisturbed {
    /// Runs the command of a stage that was prepared.
    pub(crate) fn of<T: Target>(place: &Place<'_, T>, stage: &Stage) -> Self {
        assert!(place.target.rows() == stage.old.map(expected));
        let log = place.path("points");
        let (finished, points) = fault::passed(&mut place.command(stage.line), &log);
        let digest = digest(&finished.success());
        assert!(place.target.rows() == Some(expected(stage.new)));
        check_nothing_to_do(place, stage);
        place.result("gc --keep 0");
        let names = place.names();
        Undisturbed {
            points,
            digest,
            names,
        }
    }

    /// Checks what readers see, gives the command again, and checks what there is in the end.
    pub(crate) fn check<T: Target>(&self, place: &Place<'_, T>, stage: &Stage) {
        let (old, new) = (stage.old.map(expected), Some(expected(stage.new)));
        let seen = place.target.rows();
        assert!(seen == old || seen == new, "{}", in_short(seen.as_ref()));
        let is_done = old != new && seen == new;
        if !(is_done && stage.undoes_itself()) {
            let again = process::run(&mut place.command(stage.line));
            let code = again.code();
            let is_told = is_done && code == Some(2) && error_code(&again) == json!("BF0704");
            assert!(code == Some(0) || is_told, "{again:?}");
            assert_eq!(digest(&again), self.digest);
        }
        let seen = place.target.rows();
        assert!(seen == new, "{}", in_short(seen.as_ref()));
        place.result("gc --keep 0");
        assert_eq!(place.names(), self.names);
    }
}

/// Checks that one build is live, and that a run says so and does nothing.
pub(crate) fn check_nothing_to_do<T: Target>(place: &Place<'_, T>, stage: &Stage) {
    let status = place.result("status");
    let builds = status.as_array().unwrap().iter();
    let live = builds.filter(|build| build["live"] == true);
    assert_eq!(live.count(), 1, "{status:#}");
    // After a rollback, a run would go on with what was rolled back.
    if !stage.undoes_itself() {
        let report = place.result("run --trust-laws");
        assert_eq!(report["outcome"], "already_live", "{report:#}");
    }
}

/// The digest of the table in the result of a run; null in those of other commands.
fn digest(finished: &Finished) -> Value {
    finished.json()["result"]["loaded"]["digest"].clone()
}

/// The code of the error of a command that failed.
pub(crate) fn error_code(finished: &Finished) -> Value {
    let document = serde_json::from_str::<Value>(&finished.stdout);
    document.map_or(Value::Null, |document| document["error"]["code"].clone())
}

/// The size of a table that is neither the old one nor the new one.
fn in_short(rows: Option<&Tallies>) -> String {
    let Some(rows) = rows else {
        return "readers see no table".to_owned();
    };
    let events: i64 = rows.values().map(|tally| tally.events).sum();
    format!("readers see {} rows of {events} events", rows.len())
}
