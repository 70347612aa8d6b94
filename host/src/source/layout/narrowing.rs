//! Picks the objects that may hold events of a range, and the folders worth listing, by their keys alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Layout;
use crate::source::EventRange;

/// The default of `lateness`.
pub const LATENESS: Duration = Duration::from_secs(24 * 60 * 60);

/// Picks the objects that may hold events of a range, by their keys alone.
///
/// Keys are read below the archive's prefix: a date in the prefix is not one of the layout.
///
/// # How far a range is widened
/// The hour in a key is about when the oldest record of the object *arrived*. It differs from the time of an
/// event within in both directions:
/// - An event happens before it arrives: minutes before from a server, days from a phone that was offline.
///   So events before `to` lie in objects of hours *behind* `to`.
/// - Records gather in an object until it is delivered: up to 15 minutes as a rule, up to 24 hours while
///   deliveries are retried. So events from `from` on may lie in objects of hours *before* `from`. Clocks
///   that are ahead work the same way.
///
/// `lateness` is how far the time of an event may lie outside the hour of its key, in either direction; both
/// bounds are widened by it. The default is a day: reading two days more than the range is cheap next to
/// losing events. What is passed over for it is counted and told.
#[derive(Debug)]
pub struct Narrowing {
    layout: Layout,
    prefix: String,
    lateness: Duration,
    /// The range, widened; `None` where all objects are wanted.
    window: Option<EventRange>,
    passed_over: u64,
    /// Counted by whoever lists folders, several at a time.
    folders_passed_over: AtomicU64,
    unplaced: u64,
}

/// What lies below a folder, as far as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// No key below is wanted: do not list it.
    Nothing,
    /// Some may be wanted and others not: list it folder by folder, and ask for each.
    Something,
    /// All keys below are wanted, or the layout tells no folders apart: list it flat.
    Everything,
}

impl Narrowing {
    /// Narrows to the objects that may hold events of `range`, in an archive all of whose keys begin with
    /// `prefix`.
    pub fn new(layout: &Layout, prefix: &str, lateness: Duration, range: EventRange) -> Self {
        let narrows = range.is_bounded() && layout.tells_time();
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

    /// Whether the object of this key may hold events of the range.
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

    /// What [`wants`](Narrowing::wants) would say of the keys that begin with `folder`, which is empty or ends
    /// in `/`. Folders of which nothing is wanted are counted, so each is to be asked for once.
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

    /// How many objects were passed over, without those in folders that were.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// How many folders were passed over with all that is in them.
    pub fn folders_passed_over(&self) -> u64 {
        self.folders_passed_over.load(Ordering::Relaxed)
    }

    /// How far an event may lie outside the hour of its key, as people write it.
    pub fn lateness(&self) -> String {
        humantime::format_duration(self.lateness).to_string()
    }

    /// What a person should know of it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.passed_over > 0 || self.folders_passed_over() > 0 {
            notes.push(format!(
                "Passed over because the time in their keys is more than {} outside the range: {}. \
                 Raise `lateness` if events may lie further from the time in the key of their object.",
                self.lateness(),
                counted(self.passed_over, self.folders_passed_over())
            ));
        }
        if self.unplaced > 0 {
            notes.push(format!(
                "Objects read whatever the range is, since there is no time in their keys: {}.",
                self.unplaced
            ));
        }
        notes
    }
}

/// Objects and whole folders, as people count them.
pub(crate) fn counted(objects: u64, folders: u64) -> String {
    let of = |count: u64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    match (of(objects, "object"), of(folders, "folder")) {
        (Some(objects), Some(folders)) => format!("{objects}, and all in {folders}"),
        (None, Some(folders)) => format!("all in {folders}"),
        (Some(objects), None) => objects,
        (None, None) => "nothing".to_owned(),
    }
}

/// Whether two ranges have a moment in common.
fn meet(span: &EventRange, window: &EventRange) -> bool {
    let ends_before =
        matches!((span.until_us, window.from_us), (Some(end), Some(from)) if end <= from);
    let begins_behind =
        matches!((span.from_us, window.until_us), (Some(begin), Some(until)) if until <= begin);
    !ends_before && !begins_behind
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
