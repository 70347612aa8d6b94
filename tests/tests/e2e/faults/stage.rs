//! The commands that are disturbed, each with what was done before it.

use backfold_tests::fault;
use backfold_tests::process;

use super::place::Place;
use super::target::Target;

/// What is done before a command.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// A table is live, and its archive has grown since.
    Live,
    /// The same, and a build of the grown archive is complete.
    Ready,
    /// The same, and it is live.
    Replaced,
    /// Some tables were live, one after another; a build was planned, and one was loaded in part.
    Many,
}

/// A command on a table.
pub(crate) struct Stage {
    before: Before,
    /// The command.
    pub(crate) line: &'static str,
    /// The objects of the table that readers see before; `None` where there is none.
    pub(crate) old: Option<u64>,
    /// The objects of the table that they see afterwards.
    pub(crate) new: u64,
}

/// The first build of a table.
pub(crate) const FIRST: Stage = Stage {
    before: Before::Nothing,
    line: RUN,
    old: None,
    new: 2,
};

/// A build while another is live.
pub(crate) const SECOND: Stage = Stage {
    before: Before::Live,
    line: RUN,
    old: Some(1),
    new: 2,
};

/// The swap of a build that is complete.
pub(crate) const SWAP: Stage = Stage {
    before: Before::Ready,
    line: "swap",
    old: Some(1),
    new: 2,
};

/// The way back. Given again where it was done, it is the way forth.
pub(crate) const ROLLBACK: Stage = Stage {
    before: Before::Replaced,
    line: "rollback",
    old: Some(2),
    new: 1,
};

/// Dropping what is not wanted any more.
pub(crate) const GC: Stage = Stage {
    before: Before::Many,
    line: "gc --keep 0",
    old: Some(3),
    new: 3,
};

const RUN: &str = "run --swap --trust-laws";

impl Stage {
    /// Does what comes before the command, and keeps what is there then.
    pub(crate) fn prepare<T: Target>(&self, place: &Place<'_, T>) {
        let live = |objects| {
            place.grow(objects);
            place.result(RUN);
        };
        match self.before {
            Before::Nothing => {}
            Before::Live => live(1),
            Before::Ready => {
                live(1);
                place.grow(2);
                place.result("run --trust-laws");
            }
            Before::Replaced => {
                live(1);
                live(2);
            }
            Before::Many => {
                live(1);
                place.result("plan --to 2027-01-01");
                place.grow(2);
                let mut crashing = place.command("run --trust-laws --to 2028-01-01");
                fault::cause(&mut crashing, "abort", "1 before load rows");
                assert_eq!(process::run(&mut crashing).code(), None);
                live(2);
                live(3);
            }
        }
        place.grow(self.old.unwrap_or(0).max(self.new));
        place.keep();
    }

    /// Whether the command does more where it was done already.
    pub(crate) fn undoes_itself(&self) -> bool {
        self.line == ROLLBACK.line
    }
}
