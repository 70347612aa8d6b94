//! What the keys of an archive say of the time of the events within.
//!
//! A layout narrows a range before anything is opened; the time of each event decides afterwards. So it may
//! let through too much, never too little.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::source::EventRange;

mod firehose;
mod none;

/// How the keys of an archive are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Keys say nothing: every object is read.
    #[default]
    None,
    /// `<prefix>YYYY/MM/dd/HH/<name>`, as Amazon Data Firehose writes them.
    Firehose,
}

impl Layout {
    /// The stretch of time that `key` names, with both bounds; `None` if it names none.
    pub fn span(self, key: &str) -> Option<EventRange> {
        match self {
            Layout::None => none::span(key),
            Layout::Firehose => firehose::span(key),
        }
    }
}

/// Picks the objects that may hold events of a range, by their keys alone.
///
/// # How far a range is widened
/// The hour in a key is about when the oldest record of the object *arrived*. It differs from the time of an
/// event within in both directions:
/// - An event happens before it arrives: minutes before from a server, days from a phone that was offline.
///   So events before `to` lie in objects of hours *behind* `to`.
/// - Records gather in an object until it is delivered: up to 15 minutes as a rule, up to 24 hours while
///   deliveries are retried. So events from `from` on may lie in objects of hours *before* `from`. Clocks
///   that are ahead, and hours that are not in UTC, work the same way.
///
/// `lateness` is how far the time of an event may lie outside the hour of its key, in either direction; both
/// bounds are widened by it. The default is a day: reading two days more than the range is cheap next to
/// losing events. What is passed over for it is counted and told.
#[derive(Clone, Debug)]
pub struct Narrowing {
    layout: Layout,
    lateness: Duration,
    /// The range, widened; `None` where all objects are wanted.
    window: Option<EventRange>,
    passed_over: u64,
    unplaced: u64,
}

/// The default of `lateness`.
pub const LATENESS: Duration = Duration::from_secs(24 * 60 * 60);

impl Narrowing {
    /// Narrows to the objects that may hold events of `range`.
    pub fn new(layout: Layout, lateness: Duration, range: EventRange) -> Self {
        let window = range.is_bounded().then(|| range.widened(lateness));
        Narrowing {
            layout,
            lateness,
            window,
            passed_over: 0,
            unplaced: 0,
        }
    }

    /// Whether the object of this key may hold events of the range.
    pub fn wants(&mut self, key: &str) -> bool {
        let (Some(window), true) = (self.window, self.layout != Layout::None) else {
            return true;
        };
        let Some(span) = self.layout.span(key) else {
            self.unplaced += 1;
            return true;
        };
        let ends_before =
            matches!((span.until_us, window.from_us), (Some(end), Some(from)) if end <= from);
        let begins_behind =
            matches!((span.from_us, window.until_us), (Some(begin), Some(until)) if until <= begin);
        let wanted = !ends_before && !begins_behind;
        self.passed_over += u64::from(!wanted);
        wanted
    }

    /// How many objects were passed over.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// How far an event may lie outside the hour of its key, as people write it.
    pub fn lateness(&self) -> String {
        humantime::format_duration(self.lateness).to_string()
    }

    /// What a person should know of it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.passed_over > 0 {
            notes.push(format!(
                "Objects passed over because the hour in their keys is more than {} outside the range: {}. \
                 Raise `lateness` if events may lie further from the hour of their object.",
                self.lateness(),
                self.passed_over
            ));
        }
        if self.unplaced > 0 {
            notes.push(format!(
                "Objects read whatever the range is, since there is no hour in their keys: {}.",
                self.unplaced
            ));
        }
        notes
    }
}
