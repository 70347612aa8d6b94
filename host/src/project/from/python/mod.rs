//! A declaration in Python.
//!
//! | file | holds |
//! |---|---|
//! | `words` | names, types and literals |
//! | `fold` | the function `fold` and its conditions |
//! | `source` | the whole source |
//! | `unit_test` | the unit tests |

mod fold;
mod source;
mod unit_test;
mod words;

pub(super) use source::source;
pub(super) use unit_test::test;
