//! Two inflaters, one within the other.

use super::inflater::{Fault, Inflate, Step};

/// Capacity of the buffer between the two.
const BETWEEN_BYTES: usize = 32 << 10;

/// Gives the output of `outer` to `inner`, whose output it writes.
pub(super) struct Chain {
    outer: Box<dyn Inflate>,
    inner: Box<dyn Inflate>,
    /// The compression of `inner`, for errors; `None` if it is not a compression.
    name: Option<&'static str>,
    /// Output of `outer`: `at..filled` is not yet read.
    between: Vec<u8>,
    at: usize,
    filled: usize,
    /// Bytes that `outer` has written.
    passed: u64,
    has_outer_ended: bool,
    has_inner_ended: bool,
    /// Whether `inner` can do nothing before the buffer has more. Some inflaters take repeated steps without input for a
    /// fault.
    is_inner_dry: bool,
}

impl Chain {
    /// `ahead` is what `outer` wrote before; `has_outer_ended`: its end was marked.
    pub(super) fn new(
        outer: Box<dyn Inflate>,
        has_outer_ended: bool,
        inner: Box<dyn Inflate>,
        name: Option<&'static str>,
        ahead: Vec<u8>,
    ) -> Self {
        Chain {
            outer,
            inner,
            name,
            at: 0,
            filled: ahead.len(),
            passed: ahead.len() as u64,
            between: ahead,
            has_outer_ended,
            has_inner_ended: false,
            is_inner_dry: false,
        }
    }

    /// The fault of `inner` as one of the object, which knows the bytes of `outer` alone.
    fn within(&self, fault: Fault) -> Fault {
        let name = self.name.unwrap_or_default();
        match fault {
            Fault::Corrupt(detail) => {
                Fault::Corrupt(format!("the {name} data within it: {detail}"))
            }
            Fault::TrailingGarbage(_) => Fault::Corrupt(format!(
                "the {name} data within it is followed by other data"
            )),
            Fault::Unsupported(detail) => {
                Fault::Unsupported(format!("the {name} data within it: {detail}"))
            }
            Fault::WindowTooLarge(limit) => Fault::WindowTooLarge(limit),
        }
    }

    /// Lets `outer` write into the buffer, after what is not yet read.
    fn fill(&mut self, input: &[u8]) -> Result<Step, Fault> {
        self.between.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        // An inflater may want more bytes at once than the buffer holds.
        let room = self.filled + BETWEEN_BYTES / 2;
        self.between.resize(room.max(BETWEEN_BYTES), 0);
        let step = self.outer.step(input, &mut self.between[self.filled..])?;
        self.filled += step.written;
        self.passed += step.written as u64;
        Ok(step)
    }
}

impl Inflate for Chain {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut read = 0;
        loop {
            if !self.is_inner_dry {
                let waiting = &self.between[self.at..self.filled];
                let step = match self.inner.step(waiting, output) {
                    Ok(step) => step,
                    Err(fault) => return Err(self.within(fault)),
                };
                self.at += step.read;
                self.is_inner_dry = step == Step::NONE;
                let written = step.written;
                if written > 0 {
                    return Ok(Step { read, written });
                }
                if step.read > 0 {
                    continue;
                }
            }
            let step = self.fill(&input[read..])?;
            read += step.read;
            if step.written > 0 {
                self.is_inner_dry = false;
                continue;
            }
            if step == Step::NONE && self.has_outer_ended && !self.has_inner_ended {
                (self.has_inner_ended, self.is_inner_dry) = (true, false);
                if let Err(fault) = self.inner.end() {
                    return Err(self.within(fault));
                }
                continue;
            }
            return Ok(Step { read, written: 0 });
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.has_outer_ended = true;
        self.outer.end()
    }

    fn is_complete(&self) -> bool {
        self.outer.is_complete() && self.inner.is_complete()
    }

    fn most_written(&self) -> u64 {
        let parts = self.outer.most_written().max(self.inner.most_written());
        self.passed.max(parts)
    }
}
