//! Selects the objects that may hold events of a range, and the folders to list, by their keys alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Layout;
use crate::source::EventRange;
use crate::source::counted::ObjectsAndFolders;

/// The default of `lateness`.
pub const LATENESS: Duration = Duration::from_secs(24 * 60 * 60);

/// Selects the objects that may hold events of a range, by their keys alone.
///
/// The layout applies to the key without the archive's prefix: a date in the prefix does not count.
///
/// # How far a range is widened
/// The hour in a key is about the time at which the oldest record of the object *arrived*. The time of an event may
/// differ from it in both directions:
/// - An event happens before it arrives: minutes before on a server, days before on a phone that was offline. So events
///   before `to` may be in objects of hours *after* `to`.
/// - Records are collected in an object until it is delivered: for up to 15 minutes usually, for up to 24 hours while
///   the delivery is retried. So events after `from` may be in objects of hours *before* `from`. A clock that is ahead
///   has the same effect.
///
/// `lateness` is the largest distance between the time of an event and the hour of its key, in either direction. Both
/// bounds are widened by it. The default is one day: to read two more days than the range costs little in comparison
/// with lost events. Objects and folders that are skipped are counted, and the count is shown.
#[derive(Debug)]
pub struct Narrowing {
    layout: Layout,
    prefix: String,
    lateness: Duration,
    /// The range, widened; `None` where all objects are wanted.
    window: Option<EventRange>,
    passed_over: u64,
    /// Atomic, since several folders are listed at the same time.
    folders_passed_over: AtomicU64,
    unplaced: u64,
}

/// Whether the keys below a folder may hold events of the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// No key below the folder: it need not be listed.
    Nothing,
    /// Perhaps some keys: list the folder level by level, and check each folder and key.
    Something,
    /// All keys, or the range is not narrowed at all: list everything below the folder at once.
    Everything,
}

impl Narrowing {
    /// Selects the objects that may hold events of `range`, in an archive whose keys all start with `prefix`.
    pub fn new(layout: &Layout, prefix: &str, lateness: Duration, range: EventRange) -> Self {
        let narrows = range.is_bounded() && layout.has_time();
        Narrowing {
            layout: layout.clone(),
            prefix: prefix.to_owned(),
            lateness,
            window: narrows.then(|| range.widened(lateness)),
            passed_over: 0,
            folders_passed_over: AtomicU64::new(0),
            unplaced: 0,
        }
    }

    /// Whether the object with this key may hold events of the range. Objects that may not are counted.
    pub fn wants(&mut self, key: &str) -> bool {
        let Some(window) = self.window else {
            return true;
        };
        let Some(span) = self.layout.span(self.below_prefix(key)) else {
            self.unplaced += 1;
            return true;
        };
        let wanted = meet(&span, &window);
        self.passed_over += u64::from(!wanted);
        wanted
    }

    /// The result of [`wants`](Narrowing::wants) for all keys that start with `folder`, which is empty or ends in `/`.
    /// Folders with the result [`Below::Nothing`] are counted, so call this once for each folder.
    pub fn below(&self, folder: &str) -> Below {
        let Some(window) = self.window else {
            return Below::Everything;
        };
        match self.layout.span_below(self.below_prefix(folder)) {
            None => Below::Something,
            Some(span) if !meet(&span, &window) => {
                self.folders_passed_over.fetch_add(1, Ordering::Relaxed);
                Below::Nothing
            }
            Some(span) if lies_within(&span, &window) => Below::Everything,
            Some(_) => Below::Something,
        }
    }

    fn below_prefix<'a>(&self, key: &'a str) -> &'a str {
        // A folder may be above the prefix.
        key.strip_prefix(&self.prefix).unwrap_or("")
    }

    /// The number of objects that were skipped, without those in skipped folders.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The number of folders that were skipped with all their objects.
    pub fn folders_passed_over(&self) -> u64 {
        self.folders_passed_over.load(Ordering::Relaxed)
    }

    /// The largest distance between the time of an event and the hour of its key, as text.
    pub fn lateness(&self) -> String {
        humantime::format_duration(self.lateness).to_string()
    }

    /// Notes for the user, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.passed_over > 0 || self.folders_passed_over() > 0 {
            notes.push(format!(
                "Skipped because the time in the key is more than {} outside the range: {}. \
                 Raise `lateness` if the time of an event may be further from the time in the key of its object.",
                self.lateness(),
                ObjectsAndFolders {
                    objects: self.passed_over,
                    folders: self.folders_passed_over()
                }
            ));
        }
        if self.unplaced > 0 {
            notes.push(format!(
                "Objects that are read although they may be outside the range, because their keys have no time: {}.",
                self.unplaced
            ));
        }
        notes
    }
}

/// Whether two ranges overlap.
fn meet(span: &EventRange, window: &EventRange) -> bool {
    let ends_before =
        matches!((span.until_us, window.from_us), (Some(end), Some(from)) if end <= from);
    let begins_after =
        matches!((span.from_us, window.until_us), (Some(begin), Some(until)) if until <= begin);
    !ends_before && !begins_after
}

/// Whether all of `span` is in `window`.
fn lies_within(span: &EventRange, window: &EventRange) -> bool {
    window
        .from_us
        .is_none_or(|from| span.from_us.is_some_and(|begin| from <= begin))
        && window
            .until_us
            .is_none_or(|until| span.until_us.is_some_and(|end| end <= until))
}
