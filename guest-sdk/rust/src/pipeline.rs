//! The trait that a user implements: from an event to states.

use std::borrow::Cow;
use std::fmt;

use crate::event::Event;
use crate::key::Key;
use crate::monoid::{Fault, Monoid};
use crate::params::{ParamError, Params};
use crate::schema::Output;
use crate::table::Table;
use crate::value::RowWriter;

/// From events to states. A pipeline holds the job's parameters and nothing that changes: only states keep anything
/// from one event to the next.
pub trait Pipeline: Sized + 'static {
    /// The columns that the pipeline reads from a record.
    type Event<'a>: Event<'a>;
    /// The key of a state.
    type Key<'a>: Key;
    /// The state of a key.
    type State: Monoid;
    /// Columns derived from a state, for readers of the table; [`NoView`] for none.
    type View: View;

    /// Makes the pipeline from the job's parameters. A parameter of the job that `open` does not read is an error.
    ///
    /// # Errors
    /// If a parameter is missing or invalid. The job is then refused.
    fn open(params: &mut Params) -> Result<Self, ParamError>;

    /// Folds one event into the states that it concerns.
    ///
    /// # Errors
    /// If the record is to be rejected. It goes to the quarantine and leaves no trace in any state, not even in those
    /// that `fold` has updated.
    fn fold(&self, event: Self::Event<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject>;

    /// Derives the view from a state.
    fn present(&self, state: &Self::State) -> Self::View;
}

/// The states that a record is folded into.
pub struct Out<'a, P: Pipeline> {
    pub(crate) table: &'a mut Table<P::State>,
    pub(crate) fault: Option<Fault>,
}

impl<P: Pipeline> Out<'_, P> {
    /// Updates the state of `key`, which starts as the identity. A record may update any number of states, and
    /// one of them more than once.
    ///
    /// If the update adds a value that a state cannot hold, such as NaN to a sum, the record is rejected after `fold`
    /// returns.
    #[inline]
    pub fn at(&mut self, key: P::Key<'_>, update: impl FnOnce(&mut P::State)) {
        let state = self.table.at(&key);
        update(state);
        if let Some(fault) = state.fault() {
            self.fault.get_or_insert(fault);
        }
    }
}

/// The reason for which a record is rejected: `Err(Reject("the duration is negative"))`, or with a `String`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub(crate) reason: Cow<'static, str>,
}

/// Rejects a record for this reason.
#[allow(
    non_snake_case,
    reason = "stands where a tuple struct's constructor would, and takes any text"
)]
pub fn Reject(reason: impl Into<Cow<'static, str>>) -> Reject {
    Reject {
        reason: reason.into(),
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Reject {
    fn from(reason: T) -> Self {
        Reject(reason)
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Columns derived from a state. Derive it: `#[derive(View)]` on a struct of `i64`, `f64`, `bool`, `String`,
/// `Vec<u8>`, [`Timestamp`](crate::Timestamp), [`Date`](crate::Date) or an `Option` of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no view",
    note = "derive it: `#[derive(View)]` on a struct with a field for each view column, or take `NoView`"
)]
pub trait View {
    /// The view columns.
    fn columns() -> Vec<Output>;
    /// Writes a value to each of them.
    fn save(&self, row: &mut RowWriter<'_>);
}

/// The view of a pipeline that derives nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoView;

impl View for NoView {
    fn columns() -> Vec<Output> {
        Vec::new()
    }
    fn save(&self, _row: &mut RowWriter<'_>) {}
}
