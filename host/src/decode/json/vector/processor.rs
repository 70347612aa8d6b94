//! The vector instructions of the processor that backfold runs on.

#[cfg(target_arch = "x86_64")]
use super::x86::Avx2;
use super::{Portable, Task, Vector};

/// A set of instructions of this processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum Processor {
    /// For every processor.
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
}

impl Processor {
    /// The best set of this processor; with `BACKFOLD_SIMD=off` in the environment, the portable one.
    pub(in crate::decode) fn detect() -> Self {
        if std::env::var_os("BACKFOLD_SIMD").is_some_and(|value| value == "off") {
            return Processor::Portable(Portable);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Processor::Avx2(avx2);
        }
        Processor::Portable(Portable)
    }

    /// The name, for logs.
    pub(in crate::decode) fn name(self) -> &'static str {
        match self {
            Processor::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2(_) => "avx2",
        }
    }

    /// All sets of this processor.
    #[cfg(any(test, fuzzing))]
    pub(in crate::decode) fn all() -> Vec<Self> {
        let portable = Processor::Portable(Portable);
        let mut all = vec![portable];
        all.extend(Some(Self::detect()).filter(|best| *best != portable));
        all
    }

    /// Runs `task` with these instructions.
    #[inline]
    pub(in crate::decode::json) fn run<T: Task>(self, task: T) -> T::Output {
        match self {
            Processor::Portable(portable) => portable.call(task),
            #[cfg(target_arch = "x86_64")]
            Processor::Avx2(avx2) => avx2.call(task),
        }
    }
}
