//! One opened pipeline and its accumulator: the functions of `pipeline.wit`, natively.

use crate::column::{Batch, Malformed};
use crate::event::Event;
use crate::key::Key;
use crate::monoid::Monoid;
use crate::params::Params;
use crate::pipeline::{Out, Pipeline, View};
use crate::schema::{Descriptor, Output};
use crate::table::{Table, Unfit};
use crate::value::{BatchBuilder, RowReader, show_row};

/// One opened pipeline and its accumulator: a component exports it, and native tests run it.
pub struct Instance<P: Pipeline> {
    pipeline: P,
    table: Table<P::State>,
}

impl<P: Pipeline> Instance<P> {
    /// Opens the pipeline with the job's parameters.
    ///
    /// # Errors
    /// If a parameter is refused, or two columns have the same name.
    pub fn open(
        name: &str,
        version: &str,
        params: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Descriptor), String> {
        let mut params = Params::new(params).map_err(|error| error.to_string())?;
        let pipeline = P::open(&mut params).map_err(|error| error.to_string())?;
        params.finish().map_err(|error| error.to_string())?;
        let descriptor = Descriptor {
            name: name.to_string(),
            version: version.to_string(),
            inputs: P::Event::INPUTS,
            only: P::Event::ONLY,
            event_time: P::Event::EVENT_TIME,
            keys: P::Key::columns(),
            states: state_columns::<P>(),
            views: P::View::columns(),
            commutative: P::State::COMMUTATIVE,
        };
        if let Some(doubled) = descriptor.doubled_name() {
            return Err(format!("two columns of the table are named {doubled}"));
        }
        Ok((
            Instance {
                pipeline,
                table: Table::new(),
            },
            descriptor,
        ))
    }

    #[cfg(feature = "testing")]
    pub(crate) fn pipeline(&self) -> &P {
        &self.pipeline
    }

    /// Folds events into the accumulator, and returns the rejected rows, each with its reason.
    ///
    /// # Errors
    /// If the columns are not those of the inputs, or the accumulator is drained in part.
    pub fn fold(&mut self, events: &Batch) -> Result<Vec<(u32, String)>, String> {
        // A key that had been drained would have to be drained a second time.
        if self.table.is_draining() {
            return Err("events cannot be folded before the accumulator is drained".to_string());
        }
        let readers = P::Event::readers(&events.columns, events.rows)
            .map_err(|malformed| malformed.to_string())?;
        let mut rejections = Vec::new();
        let mut out = Out {
            table: &mut self.table,
            fault: None,
        };
        for row in 0..events.rows {
            let folded = self.pipeline.fold(P::Event::read(&readers, row), &mut out);
            match (folded, out.fault.take()) {
                (Ok(()), None) => out.table.commit(),
                (folded, fault) => {
                    out.table.rollback();
                    let reason = match (folded, fault) {
                        (Err(reject), _) => reject.to_string(),
                        (Ok(()), Some(fault)) => fault.to_string(),
                        (Ok(()), None) => continue,
                    };
                    rejections.push((row as u32, reason));
                }
            }
        }
        Ok(rejections)
    }

    /// Takes up to `max_rows` states out of the accumulator. Fewer states mean that it is empty.
    ///
    /// # Errors
    /// If the columns cannot hold a state, because a sum is out of range.
    pub fn drain(&mut self, max_rows: usize) -> Result<Batch, String> {
        let keys = P::Key::columns();
        let outputs: Vec<Output> = keys.iter().cloned().chain(state_columns::<P>()).collect();
        let mut builder = BatchBuilder::new(&outputs, self.table.remaining().min(max_rows));
        match self
            .table
            .drain(max_rows, <P::Key<'static> as Key>::save, &mut builder)
        {
            Ok(rows) => Ok(builder.finish(rows)),
            Err(Unfit { row, fault }) => {
                let key = show_row(&keys, &builder.finish(row + 1).columns, row);
                Err(format!("the state of {key}: {fault}"))
            }
        }
    }

    /// The identity: one row of the state columns.
    pub fn identity() -> Batch {
        let mut builder = BatchBuilder::new(&state_columns::<P>(), 1);
        P::State::identity().save(&mut builder.row());
        builder.finish(1)
    }

    /// For each row, the state of `left` combined with that of `right`.
    ///
    /// # Errors
    /// If the columns are not those of the states, or a sum overflows.
    pub fn combine(left: &Batch, right: &Batch) -> Result<Batch, String> {
        if left.rows != right.rows {
            return Err(format!(
                "{} states cannot be combined with {}",
                left.rows, right.rows
            ));
        }
        let mut builder = BatchBuilder::new(&state_columns::<P>(), left.rows);
        for row in 0..left.rows {
            let mut combined = load_state::<P>(left, row)
                .map_err(|malformed| format!("left row {row}: {malformed}"))?;
            let right = load_state::<P>(right, row)
                .map_err(|malformed| format!("right row {row}: {malformed}"))?;
            combined
                .combine(&right)
                .and_then(|()| combined.fits())
                .map_err(|fault| format!("row {row}: {fault}"))?;
            combined.save(&mut builder.row());
        }
        Ok(builder.finish(left.rows))
    }

    /// For each row, the view columns of the state.
    ///
    /// # Errors
    /// If the columns are not those of the states.
    pub fn present(&self, states: &Batch) -> Result<Batch, String> {
        let mut builder = BatchBuilder::new(&P::View::columns(), states.rows);
        for row in 0..states.rows {
            let state = load_state::<P>(states, row)
                .map_err(|malformed| format!("row {row}: {malformed}"))?;
            self.pipeline.present(&state).save(&mut builder.row());
        }
        Ok(builder.finish(states.rows))
    }
}

fn state_columns<P: Pipeline>() -> Vec<Output> {
    P::State::columns("")
}

/// The state in `row` of the state columns.
pub(crate) fn load_state<P: Pipeline>(states: &Batch, row: usize) -> Result<P::State, Malformed> {
    P::State::load(&mut RowReader::new(&states.columns, row))
}
