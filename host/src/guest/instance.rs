//! One instance of a component: its functions, with checked answers.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wasmtime::Store;

use super::bindings::Replayable;
use super::bindings::backfold::pipeline::columns::BatchResult;
use super::bindings::backfold::pipeline::schema as wit;
use super::columns::Lowered;
use super::described::Described;
use super::drained::{DrainedKeys, Partials};
use super::error::KEY;
use super::fault::{Budget, told};
use super::guest_store::GuestStore;
use super::sandbox::Sandbox;
use super::text::printable;
use super::validate::{self, Rows};
use super::{Call, Component, GuestError, sizes};
use crate::row_json;
use crate::schema::{Descriptor, Output};

/// The longest reason of a rejection, in bytes. A longer one is cut.
const REASON_BYTES: usize = 1 << 10;

/// An event that the component rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRejection {
    /// The row, from 0, within the batch.
    pub row: u32,
    /// The reason that the component gave, cut and escaped.
    pub reason: String,
}

/// An instance of a component, for one worker. After its first error, all further calls are refused.
pub struct Instance {
    params: Arc<[(String, String)]>,
    store: GuestStore,
    exports: Replayable,
    described: Arc<Described>,
    drained: DrainedKeys,
    /// Set during a call. Only a checked answer clears it.
    dead: bool,
}

impl Component {
    /// A fresh instance with the parameters `params`, on this thread. The thread needs a stack of
    /// [`Limits::thread_stack_bytes`](super::Limits::thread_stack_bytes), and must not be inside an async task.
    ///
    /// # Errors
    /// If the component traps, refuses the parameters, or returns a wrong descriptor.
    pub fn open(&self, params: &[(String, String)]) -> Result<Instance, GuestError> {
        let bad = |what| GuestError::BadDescriptor { what };
        let check = |given| Described::check(given).map(Arc::new).map_err(bad);
        Instance::open(
            GuestStore::new(self, self.calls().slot()),
            params.into(),
            check,
        )
    }
}

impl Instance {
    fn open(
        mut store: GuestStore,
        params: Arc<[(String, String)]>,
        check: impl FnOnce(wit::Descriptor) -> Result<Arc<Described>, GuestError>,
    ) -> Result<Instance, GuestError> {
        // A component that prints or sleeps blocks, which a thread of the runtime must not.
        debug_assert!(
            tokio::runtime::Handle::try_current().is_err(),
            "a component is opened on a thread of its own"
        );
        let pre = store.component().pre().clone();
        let budget = store.budget(0, 0);
        let exports = store.run(Call::Start, budget, |store| pre.instantiate(store))?;
        let bytes = params
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>() as u64;
        let borrowed: Vec<_> = params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let budget = store.budget(0, bytes);
        let opened = store.run(Call::Open, budget, |store| {
            exports
                .backfold_pipeline_pipeline()
                .call_open(store, &borrowed)
        })?;
        let language = store.component().language();
        let described = check(opened.map_err(|message| {
            let (message, details) = told(&message, language);
            GuestError::OpenRefused { message, details }
        })?)?;
        let memory_limit = store.component().limits().memory;
        Ok(Instance {
            params,
            store,
            exports,
            drained: DrainedKeys::new(described.codec.clone(), memory_limit),
            described,
            dead: false,
        })
    }

    /// A fresh instance of the same component with the same parameters, which goes on counting fuel.
    ///
    /// # Errors
    /// As [`Component::open`]; and if its descriptor differs from that of this instance.
    pub fn reopen(&self) -> Result<Instance, GuestError> {
        let known = self.described.clone();
        let same = |given| match given == known.given {
            true => Ok(known),
            false => Err(GuestError::BadDescriptor {
                what: "with the same parameters it describes itself otherwise than before".into(),
            }),
        };
        Instance::open(self.store.fresh(), self.params.clone(), same)
    }

    /// The checked descriptor.
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.described.descriptor
    }

    /// The component of this instance.
    pub fn component(&self) -> &Component {
        self.store.component()
    }

    /// The bytes of linear memory, which never shrinks.
    pub fn memory_bytes(&self) -> usize {
        self.store.memory_bytes()
    }

    /// Whether its memory is over half of its limit.
    pub(crate) fn is_large(&self) -> bool {
        self.memory_bytes() > self.component().limits().memory.bytes() / 2
    }

    /// The fuel used since it was opened, by failed calls too.
    pub fn fuel_used(&self) -> u64 {
        self.store.fuel_used()
    }

    /// Folds events, whose columns are the descriptor's inputs. Returns the rejected rows, in rising order.
    ///
    /// # Errors
    /// If the component traps, fails or answers wrongly. Nothing of the batch counts then, and everything that the
    /// instance accumulated before is lost.
    pub fn fold(&mut self, events: &RecordBatch) -> Result<Vec<RowRejection>, GuestError> {
        self.fold_within(events, u64::MAX)
    }

    /// As [`fold`](Self::fold), with at most `most_fuel`, and never more than the limits grant.
    ///
    /// # Errors
    /// As for that function.
    pub(super) fn fold_within(
        &mut self,
        events: &RecordBatch,
        most_fuel: u64,
    ) -> Result<Vec<RowRejection>, GuestError> {
        let call = Call::Fold;
        let events = lower(call, events, self.described.descriptor.inputs.len())?;
        self.drained.clear();
        let mut budget = self.store.budget(u64::from(events.rows()), events.bytes());
        budget.fuel = budget.fuel.min(most_fuel);
        let answer = self.call(call, budget, |exports, store| {
            events.with(|batch| exports.backfold_pipeline_pipeline().call_fold(store, batch))
        })?;
        let given = answer.map_err(|message| self.refused(call, &message))?;
        let mut rejections: Vec<_> = given
            .into_iter()
            .map(|one| RowRejection {
                row: one.row,
                reason: printable(&one.reason, REASON_BYTES),
            })
            .collect();
        rejections.sort_unstable_by_key(|rejection| rejection.row);
        let bad = |what| GuestError::BadAnswer { call, what };
        if let Some(last) = rejections.last()
            && last.row >= events.rows()
        {
            return Err(bad(format!(
                "it rejects row {} of {}",
                last.row,
                events.rows()
            )));
        }
        if let Some(twice) = rejections
            .windows(2)
            .find(|pair| pair[0].row == pair[1].row)
        {
            return Err(bad(format!("it rejects row {} twice", twice[0].row)));
        }
        self.dead = false;
        Ok(rejections)
    }

    /// Takes up to `max_rows` partials out of the accumulator: the keys, then the states. Fewer partials mean that the
    /// accumulator is empty. Until then no key comes twice, and all partials together are at most as large as the memory
    /// of the component.
    ///
    /// # Errors
    /// If the component traps, fails or answers wrongly.
    pub fn drain(&mut self, max_rows: u32) -> Result<Partials, GuestError> {
        self.drain_within(max_rows, u64::MAX)
    }

    /// As [`drain`](Self::drain), with at most `most_fuel`, and never more than the limits grant.
    ///
    /// # Errors
    /// As for that function.
    pub(super) fn drain_within(
        &mut self,
        max_rows: u32,
        most_fuel: u64,
    ) -> Result<Partials, GuestError> {
        let call = Call::Drain;
        let mut budget = self.store.budget(u64::from(max_rows), 0);
        budget.fuel = budget.fuel.min(most_fuel);
        let answer = self.call(call, budget, |exports, store| {
            exports
                .backfold_pipeline_pipeline()
                .call_drain(store, max_rows)
        })?;
        let answer = answer.map_err(|message| self.refused(call, &message))?;
        let outputs: Vec<_> = self
            .described
            .descriptor
            .keys
            .iter()
            .chain(&self.described.descriptor.states)
            .collect();
        let rows = checked(
            call,
            answer,
            &outputs,
            &self.described.partial,
            Rows::UpTo(max_rows),
        )?;
        let (keys, states) = rows
            .columns()
            .split_at(self.described.descriptor.keys.len());
        let limits = self.component().limits();
        let key = |row: usize| {
            let keys: Vec<_> = (0..self.described.descriptor.keys.len()).collect();
            let keys = rows.project(&keys).ok()?;
            Some(row_json::name(&keys, row))
        };
        sizes::check(call, KEY, keys, limits.key, key)?;
        sizes::check(call, "state", states, limits.state, key)?;
        let partials = self.drained.add(rows)?;
        if partials.rows.num_rows() < max_rows as usize {
            self.drained.clear();
        }
        self.dead = false;
        Ok(partials)
    }

    /// The identity: one row of the state columns.
    ///
    /// # Errors
    /// If the component traps or answers wrongly.
    pub fn identity(&mut self) -> Result<RecordBatch, GuestError> {
        let call = Call::Identity;
        let budget = self.store.budget(1, 0);
        let answer = self.call(call, budget, |exports, store| {
            exports.backfold_pipeline_monoid().call_identity(store)
        })?;
        self.states(call, answer, 1)
    }

    /// For each row, the state of `left` followed by that of `right`. Both hold only the state columns.
    ///
    /// # Errors
    /// If the component traps, fails or answers wrongly.
    pub fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        let call = Call::Combine;
        let columns = self.described.descriptor.states.len();
        let (left, right) = (lower(call, left, columns)?, lower(call, right, columns)?);
        let rows = left.rows();
        if right.rows() != rows {
            let what = format!("{rows} rows on the left and {} on the right", right.rows());
            return Err(GuestError::BadArgument { call, what });
        }
        let budget = self
            .store
            .budget(u64::from(rows), left.bytes() + right.bytes());
        let answer = self.call(call, budget, |exports, store| {
            left.with(|left| {
                right.with(|right| {
                    exports
                        .backfold_pipeline_monoid()
                        .call_combine(store, left, right)
                })
            })
        })?;
        let answer = answer.map_err(|message| self.refused(call, &message))?;
        self.states(call, answer, rows)
    }

    /// For each row, the view columns of the state.
    ///
    /// # Errors
    /// If the component traps, fails or answers wrongly; if it has no views.
    pub fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        let call = Call::Present;
        if self.described.descriptor.views.is_empty() {
            return Err(GuestError::BadArgument {
                call,
                what: "the component has no views".into(),
            });
        }
        let states = lower(call, states, self.described.descriptor.states.len())?;
        let budget = self.store.budget(u64::from(states.rows()), states.bytes());
        let answer = self.call(call, budget, |exports, store| {
            states.with(|states| {
                exports
                    .backfold_pipeline_monoid()
                    .call_present(store, states)
            })
        })?;
        let answer = answer.map_err(|message| self.refused(call, &message))?;
        let outputs: Vec<_> = self.described.descriptor.views.iter().collect();
        let views = checked(
            call,
            answer,
            &outputs,
            &self.described.view,
            Rows::Exactly(states.rows()),
        )?;
        self.dead = false;
        Ok(views)
    }

    fn states(
        &mut self,
        call: Call,
        answer: BatchResult,
        rows: u32,
    ) -> Result<RecordBatch, GuestError> {
        let outputs: Vec<_> = self.described.descriptor.states.iter().collect();
        let states = checked(
            call,
            answer,
            &outputs,
            &self.described.state,
            Rows::Exactly(rows),
        )?;
        let limit = self.component().limits().state;
        sizes::check(call, "state", states.columns(), limit, |_| None)?;
        self.dead = false;
        Ok(states)
    }

    fn refused(&self, call: Call, message: &str) -> GuestError {
        let (message, details) = told(message, self.component().language());
        GuestError::Refused {
            call,
            message,
            details,
        }
    }

    /// Makes a call, and leaves the instance dead. The caller clears `dead` after it has checked the answer.
    fn call<T>(
        &mut self,
        call: Call,
        budget: Budget,
        run: impl FnOnce(&Replayable, &mut Store<Sandbox>) -> wasmtime::Result<T>,
    ) -> Result<T, GuestError> {
        if std::mem::replace(&mut self.dead, true) {
            return Err(GuestError::Poisoned { call });
        }
        let exports = &self.exports;
        self.store.run(call, budget, |store| run(exports, store))
    }
}

fn lower(call: Call, batch: &RecordBatch, columns: usize) -> Result<Lowered, GuestError> {
    if batch.num_columns() != columns {
        let what = format!("{} columns instead of {columns}", batch.num_columns());
        return Err(GuestError::BadArgument { call, what });
    }
    Lowered::of(batch).map_err(|what| GuestError::BadArgument { call, what })
}

fn checked(
    call: Call,
    answer: BatchResult,
    outputs: &[&Output],
    schema: &SchemaRef,
    rows: Rows,
) -> Result<RecordBatch, GuestError> {
    validate::batch(answer, outputs, schema, rows)
        .map_err(|what| GuestError::BadAnswer { call, what })
}
