//! The checks of what records have: each input is there in some event, and some record meets the conditions.
//!
//! A slip in a path is no error of any record: a nullable input is null in every row then, and a condition that no
//! record meets leaves nothing to fold.

use super::options::GateOptions;
use super::verdict::Check;
use crate::decode::{ConditionPresence, Counts, InputPresence, PresenceReport};
use crate::units::{count, counted};

/// The most inputs or conditions that a check names.
const NAMES_LIMIT: usize = 8;

/// The check `presence`, where inputs are absent from all events, and the check `wanted`, where no record met the
/// conditions.
pub(super) fn checks(
    presence: &PresenceReport,
    counts: &Counts,
    options: &GateOptions,
) -> Vec<Check> {
    let absent = absent(presence, &options.allow_absent);
    let wanted = wanted(presence, counts, options.allow_none_wanted);
    absent.into_iter().chain(wanted).collect()
}

fn absent(presence: &PresenceReport, allowed: &[String]) -> Option<Check> {
    let is_allowed = |input: &&InputPresence| allowed.contains(&input.input);
    let (allowed, refused): (Vec<_>, Vec<_>) = presence.absent().partition(is_allowed);
    let all = match presence.events {
        1 => "the only event".to_owned(),
        events => format!("all {} events", count(events)),
    };
    let in_each = if presence.events == 1 {
        "there"
    } else {
        "in each"
    };
    let number = (allowed.len() + refused.len()) as u64;
    let allowed_number = allowed.len();
    let names = |inputs: &[&InputPresence]| list(inputs.iter().map(|input| input.shown()));
    let text = match (&allowed[..], &refused[..]) {
        ([], []) => return None,
        (allowed, []) => format!(
            "inputs absent from {all}, which the job allows: {}",
            names(allowed)
        ),
        (_, refused) => {
            let quoted = refused.iter().map(|input| format!("{:?}", input.input));
            format!(
                "inputs absent from {all}, so that they are null {in_each}: {}; the name may be misspelt, or \
                 the records may stand in an envelope or be of another kind: `backfold plan` shows a sample; if none of \
                 the records has to have them, a job may allow that by `gate.allow_absent = [{}]`",
                names(refused),
                quoted.collect::<Vec<_>>().join(", ")
            )
        }
    };
    Some(Check {
        name: "presence".to_owned(),
        passed: refused.is_empty(),
        text,
        found: match refused.is_empty() {
            // The sentence is not shown of a check that holds.
            true => format!(
                "{} in no event: {}",
                counted(number, "input"),
                names(&allowed)
            ),
            false => format!("{} in no event", counted(number, "input")),
        },
        wanted: match allowed_number {
            0 => "none".to_owned(),
            allowed => format!("at most the {allowed} of `gate.allow_absent`"),
        },
    })
}

fn wanted(presence: &PresenceReport, counts: &Counts, is_allowed: bool) -> Option<Check> {
    let met = counts.events + counts.repeated + counts.out_of_range + presence.events;
    if counts.not_wanted == 0 || met > 0 || presence.conditions.is_empty() {
        return None;
    }
    let conditions = list(presence.conditions.iter().map(ConditionPresence::shown));
    let allowance = match is_allowed {
        true => ", which the job allows",
        false => {
            "; if the table may be empty, a job may allow that by `gate.allow_none_wanted = true`, with \
             `gate.min_rows = 0`"
        }
    };
    let text = format!(
        "no record met the conditions of the component, and {} of {} passed over: {conditions}{allowance}",
        count(counts.not_wanted),
        match counts.records {
            1 => "1 record was".to_owned(),
            records => format!("{} records were", count(records)),
        }
    );
    Some(Check {
        name: "wanted".to_owned(),
        passed: is_allowed,
        text,
        found: "0 records meet the conditions".to_owned(),
        wanted: match is_allowed {
            true => "any number: `gate.allow_none_wanted`".to_owned(),
            false => "at least 1".to_owned(),
        },
    })
}

/// The first of some names.
fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = match names.len().saturating_sub(NAMES_LIMIT) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<_> = names.take(NAMES_LIMIT).collect();
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, path: &str, present: u64) -> InputPresence {
        InputPresence {
            input: name.to_owned(),
            path: Some(path.to_owned()),
            header: None,
            nearest: Vec::new(),
            present,
        }
    }

    fn texts(presence: &PresenceReport, counts: &Counts, options: &GateOptions) -> String {
        let checks = checks(presence, counts, options).into_iter();
        let lines = checks.map(|check| format!("{} {} {}\n", check.passed, check.name, check.text));
        lines.collect()
    }

    #[test]
    fn an_input_that_no_event_has_refuses_unless_it_is_allowed() {
        let mut presence = PresenceReport {
            events: 9,
            inputs: vec![
                input("day", "eventTime", 0),
                input("user", "user", 0),
                input("n", "n", 1),
            ],
            conditions: vec![],
        };
        let allow = |names: &[&str]| GateOptions {
            allow_absent: names.iter().map(|name| (*name).to_owned()).collect(),
            ..GateOptions::default()
        };
        let counts = Counts::default();
        insta::assert_snapshot!(texts(&presence, &counts, &allow(&[])), @r#"false presence inputs absent from all 9 events, so that they are null in each: `day` at `eventTime`, `user`; the name may be misspelt, or the records may stand in an envelope or be of another kind: `backfold plan` shows a sample; if none of the records has to have them, a job may allow that by `gate.allow_absent = ["day", "user"]`"#);
        insta::assert_snapshot!(texts(&presence, &counts, &allow(&["user"])), @r#"false presence inputs absent from all 9 events, so that they are null in each: `day` at `eventTime`; the name may be misspelt, or the records may stand in an envelope or be of another kind: `backfold plan` shows a sample; if none of the records has to have them, a job may allow that by `gate.allow_absent = ["day"]`"#);
        insta::assert_snapshot!(texts(&presence, &counts, &allow(&["user", "day"])), @"true presence inputs absent from all 9 events, which the job allows: `day` at `eventTime`, `user`");
        // Without events there is nothing to judge.
        presence.events = 0;
        assert_eq!(texts(&presence, &counts, &allow(&[])), "");
    }

    #[test]
    fn conditions_that_no_record_meets_refuse_unless_that_is_allowed() {
        let presence = PresenceReport {
            events: 0,
            inputs: vec![input("n", "n", 0)],
            conditions: vec![ConditionPresence {
                path: "type".to_owned(),
                any_of: vec!["view".to_owned(), "scroll".to_owned()],
                lacking: 4,
            }],
        };
        let counts = Counts {
            records: 5,
            not_wanted: 4,
            rejected: 1,
            ..Counts::default()
        };
        let allowed = GateOptions {
            allow_none_wanted: true,
            ..GateOptions::default()
        };
        insta::assert_snapshot!(texts(&presence, &counts, &GateOptions::default()), @r#"false wanted no record met the conditions of the component, and 4 of 5 records were passed over: `type` has to be "view" or "scroll" (records without it: 4); if the table may be empty, a job may allow that by `gate.allow_none_wanted = true`, with `gate.min_rows = 0`"#);
        insta::assert_snapshot!(texts(&presence, &counts, &allowed), @r#"true wanted no record met the conditions of the component, and 4 of 5 records were passed over: `type` has to be "view" or "scroll" (records without it: 4), which the job allows"#);
        let met = Counts {
            out_of_range: 1,
            ..counts
        };
        assert_eq!(texts(&presence, &met, &GateOptions::default()), "");
    }
}
