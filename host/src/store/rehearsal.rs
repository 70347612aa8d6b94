//! Rehearsals: a swap that is swapped back at once. The history has both pointers, marked by their author, and a rollback
//! afterwards goes where it went before.

use super::Pointer;

/// The end of [`Pointer::by`] in the pointers of a rehearsal.
const MARK: &str = " (rehearsal)";

/// The build that a rollback goes to after a swap: [`Pointer::previous`] of the new pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackTo {
    /// The build that is shown until the swap.
    Shown,
    /// This build, or none: for a swap that takes back another one.
    Build(Option<String>),
}

/// A rehearsal that was not swapped back: its process ended in between, or it still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRehearsal<'a> {
    /// The pointer before it, which it goes back to.
    pub before: &'a Pointer,
    /// The pointer that shows the build of the rehearsal.
    pub shown: &'a Pointer,
}

impl<'a> OpenRehearsal<'a> {
    /// The rehearsal that is open at the end of a history, whose oldest pointer comes first.
    pub fn of(history: &'a [Pointer]) -> Option<Self> {
        let mut open = None;
        for pair in history.windows(2) {
            let [before, shown] = pair else { continue };
            let begins = shown.is_rehearsal() && open.is_none();
            open = begins.then_some(OpenRehearsal { before, shown });
        }
        open
    }
}

impl Pointer {
    /// The author of a pointer of a rehearsal by `by`.
    pub fn rehearsed_by(by: &str) -> String {
        format!("{}{MARK}", Self::not_rehearsed_by(by))
    }

    /// The author of a pointer that is none of a rehearsal.
    pub fn not_rehearsed_by(by: &str) -> &str {
        by.trim_end_matches(MARK)
    }

    /// Whether a rehearsal set this pointer, or set it back.
    pub fn is_rehearsal(&self) -> bool {
        self.by.ends_with(MARK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The build that is shown by an open rehearsal, and the one to go back to.
    fn open(history: &[(&str, bool)]) -> Option<(String, String)> {
        let pointer = |(version, (build, is_rehearsal)): (u64, &(&str, bool))| Pointer {
            table: "t".to_owned(),
            build: (*build).to_owned(),
            version,
            previous: None,
            by: match is_rehearsal {
                true => Pointer::rehearsed_by("me"),
                false => "me".to_owned(),
            },
            at: String::new(),
        };
        let history: Vec<_> = (1..).zip(history).map(pointer).collect();
        let open = OpenRehearsal::of(&history)?;
        Some((open.shown.build.clone(), open.before.build.clone()))
    }

    #[test]
    fn a_rehearsal_is_open_until_it_is_swapped_back_or_something_else_is_swapped_in() {
        let b = Some(("b".to_owned(), "a".to_owned()));
        assert_eq!(open(&[]), None);
        assert_eq!(open(&[("a", false), ("b", false)]), None);
        assert_eq!(open(&[("a", false), ("b", true)]), b);
        assert_eq!(open(&[("a", false), ("b", true), ("a", true)]), None);
        let again = [("a", false), ("b", true), ("a", true), ("b", true)];
        assert_eq!(open(&again), b);
        assert_eq!(open(&again[..3]), None);
        assert_eq!(open(&[("a", false), ("b", true), ("c", false)]), None);
        let after = [("a", false), ("b", true), ("a", false), ("b", true)];
        assert_eq!(open(&after), b);
    }

    #[test]
    fn the_mark_stands_once_and_nobody_else_has_it() {
        let twice = Pointer::rehearsed_by(&Pointer::rehearsed_by("me"));
        assert_eq!(twice, "me (rehearsal)");
        assert_eq!(Pointer::not_rehearsed_by(&twice), "me");
    }
}
