//! Codes and classes of errors.
//!
//! Every stage has an error enum of its own. Each of its variants has a [`Code`]: a number that stays the
//! same from release to release, a [`Class`] that decides the exit code, and a sentence that says what to do.
//! `errors.md` explains each code at length; [`explain`](crate::explain) and `backfold explain BF0203` give its section.

use std::fmt;

/// What has to happen before the same command can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing is wrong with the input: the same command may succeed later.
    Retry,
    /// The command line, the job file or the environment has to be changed first.
    Usage,
    /// A check failed: the gate of a build, the laws of a component, or the expected table of a test.
    Gate,
    /// Another command changed the table, or is building it.
    Conflict,
    /// The input or the component is faulty: the same command fails again.
    Permanent,
    /// The run was interrupted. All checkpoints are kept.
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
    /// The number, unique among all codes. Its hundreds are the module: 0 job and command line, 1 build, 2 source,
    /// 3 decode, 4 guest, 5 fold, 6 store, 7 cut-over, 8 `test`, 9 registry,
    /// 10 projects, 11 `doctor`, 12 `report`, 13 shares.
    pub number: u16,
    /// The class, which decides the exit code.
    pub class: Class,
    /// The advice, in one sentence.
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
