//! Points before and after each write, at which a test stops the process or lets the write fail.
//!
//! `around("remove the part", || fs::remove_file(&path))?` adds the points `before remove the part` and
//! `after remove the part`. Where the write is asynchronous, [`before`] and [`after`] stand around it. A transaction has
//! the point [`within`] as well. A name says which write it is, so it is used in one place only, or in one of each store.
//!
//! Without the feature `fault-points` all of that compiles to nothing. With it, two variables of the environment, read
//! once, say what happens:
//!
//! | variable | |
//! |---|---|
//! | `BACKFOLD_TEST_FAULT_LOG` | a file to which each point is appended when it is passed: `2 after remove the part` where this process passes it for the second time |
//! | `BACKFOLD_TEST_FAULT` | what happens at one of these points, once, after it was logged: see below |
//!
//! | fault | |
//! |---|---|
//! | `abort 2 after remove the part` | the process ends as in a crash |
//! | `fail 2 after remove the part` | the write fails: before it was done, or though it was done |
//! | `pause 2 after remove the part: FILE` | the process makes `FILE`, and goes on when it is gone |
//!
//! Points are counted by name, as threads pass different points in any order.

use std::io;

#[cfg(feature = "fault-points")]
mod armed;

/// Does `write` between the points `before NAME` and `after NAME`.
///
/// # Errors
/// Those of `write`, and a failure that a test wants.
pub(crate) fn around<T, E: From<io::Error>>(
    name: &'static str,
    write: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    before(name)?;
    let written = write()?;
    after(name)?;
    Ok(written)
}

/// The point before a write.
#[inline(always)]
pub(crate) fn before(name: &'static str) -> io::Result<()> {
    pass("before", name)
}

/// The point in a transaction, before its commit.
#[inline(always)]
pub(crate) fn within(name: &'static str) -> io::Result<()> {
    pass("within", name)
}

/// The point after a write.
#[inline(always)]
pub(crate) fn after(name: &'static str) -> io::Result<()> {
    pass("after", name)
}

#[cfg(feature = "fault-points")]
use armed::pass;

#[cfg(not(feature = "fault-points"))]
#[inline(always)]
fn pass(_when: &'static str, _name: &'static str) -> io::Result<()> {
    Ok(())
}
