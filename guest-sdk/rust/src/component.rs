//! The functions of `pipeline.wit`, over columns.

use crate::column::Batch;
use crate::instance::Instance;
use crate::pipeline::Pipeline;
use crate::schema::Descriptor;

/// An opened component: the functions of `pipeline.wit`, whose comments say what each has to do. [`Instance`] implements
/// it for a [`Pipeline`], a row at a time. Implement it for a component that takes whole columns, or whose columns depend
/// on its parameters:
/// ```
/// use backfold_guest::{
///     Batch, ColumnBuilder, Component, Descriptor, Field, Kind, Monoid, Output, RowReader, RowWriter, Sum, output,
/// };
/// # use backfold_guest::{Condition, Encoding, Input, Origin};
///
/// /// The number of events of each user.
/// #[derive(Default)]
/// struct Users(std::collections::BTreeMap<String, i64>);
///
/// const INPUTS: &[Input] =
///     &[Input::new("user", Origin::Path("user"), Kind::Utf8, Encoding::Standard, false)];
///
/// impl Component for Users {
///     fn open(name: &str, version: &str, _: Vec<(String, String)>) -> Result<(Self, Descriptor), String> {
///         let descriptor = Descriptor {
///             name: name.to_string(),
///             version: version.to_string(),
///             inputs: INPUTS,
///             only: &[],
///             event_time: None,
///             keys: vec![output::<&str>("user")],
///             states: Sum::<i64>::columns("events"),
///             views: vec![],
///             commutative: true,
///         };
///         Ok((Users::default(), descriptor))
///     }
///
///     fn fold(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, String> {
///         let users = <&str>::reader(&events.columns[0], events.rows).map_err(|error| error.to_string())?;
///         for row in 0..events.rows {
///             *self.0.entry(<&str>::read(&users, row).to_string()).or_default() += 1;
///         }
///         Ok(vec![])
///     }
///
///     fn drain(&mut self, max_rows: usize) -> Result<Batch, String> {
///         let rows = self.0.len().min(max_rows);
///         let mut columns = [Kind::Utf8, Kind::Int64].map(|kind| ColumnBuilder::new(kind, rows));
///         for (user, events) in std::iter::from_fn(|| self.0.pop_first()).take(rows) {
///             let mut row = RowWriter::new(&mut columns);
///             row.put(&user);
///             row.put(&events);
///         }
///         Ok(Batch { rows, columns: columns.map(ColumnBuilder::finish).into() })
///     }
///
///     fn identity(&self) -> Batch {
///         let mut columns = [ColumnBuilder::new(Kind::Int64, 1)];
///         Sum::<i64>::identity().save(&mut RowWriter::new(&mut columns));
///         Batch { rows: 1, columns: columns.map(ColumnBuilder::finish).into() }
///     }
///
///     fn combine(&self, left: &Batch, right: &Batch) -> Result<Batch, String> {
///         let mut columns = [ColumnBuilder::new(Kind::Int64, left.rows)];
///         for row in 0..left.rows {
///             let load = |batch: &Batch| Sum::<i64>::load(&mut RowReader::new(&batch.columns, row));
///             let mut sum = load(left).map_err(|error| error.to_string())?;
///             let right = load(right).map_err(|error| error.to_string())?;
///             sum.combine(&right).and_then(|()| sum.fits()).map_err(|fault| fault.to_string())?;
///             sum.save(&mut RowWriter::new(&mut columns));
///         }
///         Ok(Batch { rows: left.rows, columns: columns.map(ColumnBuilder::finish).into() })
///     }
///
///     fn present(&self, states: &Batch) -> Result<Batch, String> {
///         Ok(Batch { rows: states.rows, columns: vec![] })
///     }
/// }
///
/// backfold_guest::export_component!(Users, name = "users", version = "1.0.0");
/// ```
pub trait Component: Sized + 'static {
    /// Opens the component with the job's parameters. The name and the version are those of
    /// [`export_component!`](crate::export_component).
    ///
    /// # Errors
    /// If a parameter is refused.
    fn open(
        name: &str,
        version: &str,
        params: Vec<(String, String)>,
    ) -> Result<(Self, Descriptor), String>;

    /// Folds events, whose columns are the descriptor's inputs in order, into the accumulator. Returns the rejected rows,
    /// each once with its reason; they leave no trace in the accumulator.
    ///
    /// # Errors
    /// If nothing of the batch can count. The host then drops the instance, and searches for the records at fault.
    fn fold(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, String>;

    /// Takes up to `max_rows` states out of the accumulator: the key columns, then the state columns. Fewer rows mean that
    /// it is empty.
    ///
    /// # Errors
    /// If a state cannot be represented.
    fn drain(&mut self, max_rows: usize) -> Result<Batch, String>;

    /// The identity: one row of the state columns.
    fn identity(&self) -> Batch;

    /// For each row, the state of `left` followed by that of `right`.
    ///
    /// # Errors
    /// If the columns are not those of the states, or a state cannot be represented.
    fn combine(&self, left: &Batch, right: &Batch) -> Result<Batch, String>;

    /// For each row, the view columns of the state.
    ///
    /// # Errors
    /// If the columns are not those of the states.
    fn present(&self, states: &Batch) -> Result<Batch, String>;
}

impl<P: Pipeline> Component for Instance<P> {
    fn open(
        name: &str,
        version: &str,
        params: Vec<(String, String)>,
    ) -> Result<(Self, Descriptor), String> {
        Instance::open(name, version, params)
    }

    fn fold(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, String> {
        Instance::fold(self, events)
    }

    fn drain(&mut self, max_rows: usize) -> Result<Batch, String> {
        Instance::drain(self, max_rows)
    }

    fn identity(&self) -> Batch {
        Instance::<P>::identity()
    }

    fn combine(&self, left: &Batch, right: &Batch) -> Result<Batch, String> {
        Instance::<P>::combine(left, right)
    }

    fn present(&self, states: &Batch) -> Result<Batch, String> {
        Instance::present(self, states)
    }
}
