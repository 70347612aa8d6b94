//! What went wrong, in the terms of whoever has to act on it.
//!
//! Every stage has an error enum of its own. Each of its variants has a [`Code`]: a number that stays the
//! same from release to release, a [`Class`] that decides the exit code, and a sentence that says what to do.
//! `errors.md` explains each code at length; [`explain`](crate::explain) and `backfold explain BF0203` give its section.

use std::fmt;

/// What a failure means to whoever started the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing is wrong with the input: the same command may succeed later.
    Retry,
    /// The command line, the job file or the environment has to be changed first.
    Usage,
    /// A check refuses: the gate a build, the laws a component, an expectation a table.
    Gate,
    /// Somebody else changed the table, or is building it.
    Conflict,
    /// The input or the component is faulty: the same command fails again.
    Permanent,
    /// Somebody asked the run to stop; what was checkpointed is kept.
    Interrupted,
}

impl Class {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Class::Retry => 1,
            Class::Usage => 2,
            Class::Gate => 3,
            Class::Conflict => 4,
            Class::Permanent => 42,
            Class::Interrupted => 130,
        }
    }
}

/// A stable name for a kind of failure, shown as `BF0203`.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Unique among all codes. Hundreds tell the module: 0 job and command line, 1 build, 2 source,
    /// 3 decode, 4 guest, 5 fold, 6 store, 7 cut-over, 8 `test`, 9 registry.
    pub number: u16,
    /// Decides the exit code.
    pub class: Class,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
}

impl Code {
    /// A code, for a constant.
    pub const fn new(number: u16, class: Class, advice: &'static str) -> Self {
        Code {
            number,
            class,
            advice,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BF{:04}", self.number)
    }
}

/// An error with all its causes on one line.
pub(crate) struct WithCauses<'a>(pub(crate) &'a (dyn std::error::Error + 'static));

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// An error that has a code.
pub trait Coded: std::error::Error {
    /// The code of this error.
    fn code(&self) -> &'static Code;
}
