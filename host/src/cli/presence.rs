//! In how many events inputs were there, as text.

use backfold::decode::PresenceReport;

use super::human::{count, counted, plain};
use super::paint::Paint;
use super::table::Fields;

/// The most inputs that are listed.
const INPUTS_LIMIT: usize = 8;

/// Adds the inputs that some events lack, those that all events lack first.
pub(crate) fn add_absent(fields: &mut Fields, presence: &PresenceReport, paint: Paint) {
    let events = presence.events;
    let inputs = presence.inputs.iter();
    let mut lacked: Vec<_> = inputs.filter(|input| input.present < events).collect();
    lacked.sort_by_key(|input| input.present > 0);
    let lines = lacked.iter().take(INPUTS_LIMIT).map(|input| {
        let name = plain(&input.shown()).into_owned();
        match input.present {
            0 => {
                let none = format!("in none of {}", counted(events, "event"));
                let names = input.nearest.iter();
                let names: Vec<_> = names.map(|name| format!("`{}`", plain(name))).collect();
                let there = match names.is_empty() {
                    true => String::new(),
                    false => format!("; names there: {}", names.join(", ")),
                };
                let array = input.nearest.iter().find_map(|name| array_of(name));
                let remedy = array.map_or_else(String::new, |array| {
                    format!(
                        "; `decode.records = \"{}\"` reads them one by one",
                        plain(array)
                    )
                });
                format!("{name} is {}{there}{remedy}", paint.red(none))
            }
            present => format!(
                "{name} is in {} of {}",
                count(present),
                counted(events, "event")
            ),
        }
    });
    let mut lines: Vec<_> = lines.collect();
    if let Some(more) = lacked
        .len()
        .checked_sub(INPUTS_LIMIT)
        .filter(|more| *more > 0)
    {
        lines.push(format!("and {}", counted(more as u64, "other input")));
    }
    if !lines.is_empty() {
        fields.add("inputs", lines.join("\n"));
    }
}

/// The path of the array that a name leads into, such as `Records` of `Records[].eventName`.
fn array_of(name: &str) -> Option<&str> {
    name.split_once("[].").map(|(array, _)| array)
}

/// The conditions that records did not meet; empty if there are none.
pub(crate) fn unmet(presence: &PresenceReport) -> String {
    let conditions = presence.conditions.iter();
    let shown: Vec<_> = conditions
        .map(|condition| plain(&condition.shown()).into_owned())
        .collect();
    match shown.is_empty() {
        true => String::new(),
        false => format!(": {}", shown.join("; ")),
    }
}
