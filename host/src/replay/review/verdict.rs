//! Whether a build may go live, in a word, from its journal and the store.

use crate::replay::phase::{BuildPhase, Stored, phase};
use crate::store::Pointer;
use crate::workdir::{BuildFolder, Seen, Standing};

/// Whether a build may go live, and why not.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The public name shows it.
    Live(Pointer),
    /// The public name shows it, and its table is gone.
    LiveWithoutTable(Pointer),
    /// The gate holds, and the public name shows what the build was compared with.
    Ready,
    /// The gate does not hold.
    Refused,
    /// The gate holds, and readers had the same table before: this pointer took it back.
    Held(Pointer),
    /// The gate holds, and the public name shows another build than the one that the build was compared with.
    Moved {
        /// What the build was compared with; `None` where nothing was live.
        seen: Option<Seen>,
        /// What the public name shows.
        live: Option<Pointer>,
    },
    /// The table is complete, and no gate has judged it.
    Unchecked,
    /// All splits are folded, and there is no complete table.
    Folded,
    /// Some splits are folded.
    Folding,
    /// Nothing is folded.
    Planned,
    /// Another build took its place: the last pointer that showed it.
    Replaced(Pointer),
    /// The same, and its table is gone.
    Dropped(Pointer),
}

impl Verdict {
    /// The verdict in one word, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Live(_) => "live",
            Verdict::LiveWithoutTable(_) => "live_without_table",
            Verdict::Ready => "ready",
            Verdict::Refused => "refused",
            Verdict::Held(_) => "held",
            Verdict::Moved { .. } => "moved",
            Verdict::Unchecked => "unchecked",
            Verdict::Folded => "folded",
            Verdict::Folding => "folding",
            Verdict::Planned => "planned",
            Verdict::Replaced(_) => "replaced",
            Verdict::Dropped(_) => "dropped",
        }
    }
}

/// The verdict on a build.
pub(super) fn verdict(build: &BuildFolder, standing: &Standing, stored: &Stored) -> Verdict {
    let id = &build.manifest.build;
    let mut newest_first = stored.history.iter().rev();
    let shown = newest_first.find(|pointer| pointer.build == *id);
    match (phase(build, standing, stored), shown) {
        (BuildPhase::Live, Some(shown)) => Verdict::Live(shown.clone()),
        (BuildPhase::LiveWithoutTable, Some(shown)) => Verdict::LiveWithoutTable(shown.clone()),
        (BuildPhase::Dropped, Some(shown)) => Verdict::Dropped(shown.clone()),
        (BuildPhase::Replaced, Some(shown)) => match stored.taken_back(&build.manifest.digest()) {
            Some(back) => Verdict::Held(back.clone()),
            None => Verdict::Replaced(shown.clone()),
        },
        (BuildPhase::Ready, _) => judged(build, standing, stored),
        (BuildPhase::Folding, _) => Verdict::Folding,
        (BuildPhase::Planned, _) => Verdict::Planned,
        _ => Verdict::Folded,
    }
}

/// The verdict on a complete table that was never shown.
fn judged(build: &BuildFolder, standing: &Standing, stored: &Stored) -> Verdict {
    let loaded = stored.loaded(build, standing);
    let checked = standing.checked.as_ref();
    let Some(checked) =
        checked.filter(|checked| loaded.is_some_and(|loaded| loaded.digest == checked.digest))
    else {
        return Verdict::Unchecked;
    };
    if !checked.passed {
        return Verdict::Refused;
    }
    if let Some(back) = stored.taken_back(&build.manifest.digest()) {
        return Verdict::Held(back.clone());
    }
    let live = stored.live();
    let seen = checked.live.as_ref();
    match seen.map(|seen| &seen.build) == live.map(|live| &live.build) {
        true => Verdict::Ready,
        false => Verdict::Moved {
            seen: seen.cloned(),
            live: live.cloned(),
        },
    }
}
