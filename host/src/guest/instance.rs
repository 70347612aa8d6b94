//! One instance of a component: calls in, checked answers out.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use wasmtime::Store;

use super::bindings::Replayable;
use super::bindings::backfold::pipeline::columns::BatchResult;
use super::bindings::backfold::pipeline::schema as wit;
use super::calls::Slot;
use super::columns::Lowered;
use super::drained::{DrainedKeys, Partials};
use super::error::KEY;
use super::fault::{Budget, MESSAGE_BYTES, classify};
use super::sandbox::Sandbox;
use super::text::printable;
use super::validate::{self, Rows};
use super::{Call, Component, GuestError, descriptor, sizes};
use crate::keys::KeyCodec;
use crate::row_json;
use crate::schema::{Descriptor, Output};

/// How long the reason of a rejection may be; it is cut there.
const REASON_BYTES: usize = 1 << 10;

/// An event that the component rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRejection {
    /// The row, from 0, within the batch.
    pub row: u32,
    /// Why, in the component's words, cut and escaped.
    pub reason: String,
}

/// One instance: what one worker folds with. After its first error every further call is refused.
pub struct Instance {
    component: Component,
    params: Arc<[(String, String)]>,
    store: Store<Sandbox>,
    exports: Replayable,
    described: Arc<Described>,
    drained: DrainedKeys,
    /// Set while a call is under way: only a checked answer clears it.
    dead: bool,
    fuel_used: u64,
    slot: Arc<Slot>,
}

/// What a component said of itself, and what follows from it: made once for all instances that take one another's
/// place.
struct Described {
    /// In its own words.
    given: wit::Descriptor,
    descriptor: Arc<Descriptor>,
    /// Of partials, states and views.
    partial: SchemaRef,
    state: SchemaRef,
    view: SchemaRef,
    codec: Arc<KeyCodec>,
}

impl Described {
    fn check(given: wit::Descriptor) -> Result<Self, String> {
        let descriptor = descriptor::check(given.clone())?;
        let codec = KeyCodec::of(&descriptor.key_schema()).map_err(|error| error.to_string())?;
        Ok(Described {
            given,
            partial: descriptor.partial_schema(),
            state: descriptor.state_schema(),
            view: descriptor.view_schema(),
            codec: Arc::new(codec),
            descriptor: Arc::new(descriptor),
        })
    }
}

impl Instance {
    pub(super) fn open(
        component: &Component,
        params: &[(String, String)],
    ) -> Result<Instance, GuestError> {
        let bad = |what| GuestError::BadDescriptor { what };
        let check = |given| Described::check(given).map(Arc::new).map_err(bad);
        let slot = component.calls().slot();
        Instance::open_in(component, &params.into(), slot, check)
    }

    fn open_in(
        component: &Component,
        params: &Arc<[(String, String)]>,
        slot: Arc<Slot>,
        check: impl FnOnce(wit::Descriptor) -> Result<Arc<Described>, GuestError>,
    ) -> Result<Instance, GuestError> {
        // A component that prints or sleeps blocks, which a thread of the runtime must not.
        debug_assert!(
            tokio::runtime::Handle::try_current().is_err(),
            "a component is opened on a thread of its own"
        );
        let limits = component.limits();
        let mut store = Store::new(component.engine(), Sandbox::new(limits));
        store.limiter(|sandbox| &mut sandbox.growth);
        store.set_hostcall_fuel(limits.answer.bytes());

        let mut fuel_used = 0;
        let budget = Budget {
            fuel: limits.fuel(0, 0),
            rows: 0,
            bytes: 0,
        };
        let exports = guarded(
            (component, &slot),
            &mut store,
            &mut fuel_used,
            Call::Start,
            budget,
            |store| component.pre().instantiate(store),
        )?;
        let bytes = params
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>() as u64;
        let budget = Budget {
            fuel: limits.fuel(0, bytes),
            rows: 0,
            bytes,
        };
        let borrowed: Vec<_> = params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let described = guarded(
            (component, &slot),
            &mut store,
            &mut fuel_used,
            Call::Open,
            budget,
            |store| {
                exports
                    .backfold_pipeline_pipeline()
                    .call_open(store, &borrowed)
            },
        )?
        .map_err(|message| GuestError::OpenRefused {
            message: printable(&message, MESSAGE_BYTES),
        })?;
        let described = check(described)?;
        Ok(Instance {
            component: component.clone(),
            params: params.clone(),
            store,
            exports,
            drained: DrainedKeys::new(described.codec.clone(), limits.memory),
            described,
            dead: false,
            fuel_used,
            slot,
        })
    }

    /// A fresh instance of the same component with the same parameters, which goes on counting fuel.
    ///
    /// # Errors
    /// As [`Component::open`]; and where it describes itself otherwise than this one did.
    pub fn reopen(&self) -> Result<Instance, GuestError> {
        let known = self.described.clone();
        let same = |given| match given == known.given {
            true => Ok(known),
            false => Err(GuestError::BadDescriptor {
                what: "with the same parameters it describes itself otherwise than before".into(),
            }),
        };
        let mut fresh = Instance::open_in(&self.component, &self.params, self.slot.clone(), same)?;
        fresh.fuel_used = fresh.fuel_used.saturating_add(self.fuel_used);
        Ok(fresh)
    }

    /// What the component reads, how it keys it, what it keeps.
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.described.descriptor
    }

    /// The component that this is an instance of.
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// Linear memory, which never shrinks.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().growth.memory_bytes()
    }

    /// Fuel used since it was opened, by failed calls too.
    pub fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// Folds events, whose columns are the descriptor's inputs. The rejected rows, in rising order.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly; the whole batch is to be seen as not folded, and
    /// what this instance accumulated before as lost.
    pub fn fold(&mut self, events: &RecordBatch) -> Result<Vec<RowRejection>, GuestError> {
        self.fold_within(events, u64::MAX)
    }

    /// As [`fold`](Self::fold), with at most `most_fuel`, and never more than the limits grant.
    ///
    /// # Errors
    /// As there.
    pub(super) fn fold_within(
        &mut self,
        events: &RecordBatch,
        most_fuel: u64,
    ) -> Result<Vec<RowRejection>, GuestError> {
        let call = Call::Fold;
        let events = lower(call, events, self.described.descriptor.inputs.len())?;
        self.drained.clear();
        let mut budget = self.budget(u64::from(events.rows()), events.bytes());
        budget.fuel = budget.fuel.min(most_fuel);
        let answer = self.call(call, budget, |exports, store| {
            events.with(|batch| exports.backfold_pipeline_pipeline().call_fold(store, batch))
        })?;
        let given = answer.map_err(|message| refused(call, &message))?;
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

    /// Takes up to `max_rows` partials out of the accumulator: the keys, then the states. Fewer than asked
    /// for means that it is empty. No key comes twice until then, and all of them together are no larger than the
    /// memory that the component may have held them in.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly.
    pub fn drain(&mut self, max_rows: u32) -> Result<Partials, GuestError> {
        self.drain_within(max_rows, u64::MAX)
    }

    /// As [`drain`](Self::drain), with at most `most_fuel`, and never more than the limits grant.
    ///
    /// # Errors
    /// As there.
    pub(super) fn drain_within(
        &mut self,
        max_rows: u32,
        most_fuel: u64,
    ) -> Result<Partials, GuestError> {
        let call = Call::Drain;
        let mut budget = self.budget(u64::from(max_rows), 0);
        budget.fuel = budget.fuel.min(most_fuel);
        let answer = self.call(call, budget, |exports, store| {
            exports
                .backfold_pipeline_pipeline()
                .call_drain(store, max_rows)
        })?;
        let answer = answer.map_err(|message| refused(call, &message))?;
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
        let limits = self.component.limits();
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
    /// Where the component traps or answers wrongly.
    pub fn identity(&mut self) -> Result<RecordBatch, GuestError> {
        let call = Call::Identity;
        let budget = self.budget(1, 0);
        let answer = self.call(call, budget, |exports, store| {
            exports.backfold_pipeline_monoid().call_identity(store)
        })?;
        self.states(call, answer, 1)
    }

    /// Row by row, the state of `left` followed by that of `right`; both hold the state columns alone.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly.
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
        let budget = self.budget(u64::from(rows), left.bytes() + right.bytes());
        let answer = self.call(call, budget, |exports, store| {
            left.with(|left| {
                right.with(|right| {
                    exports
                        .backfold_pipeline_monoid()
                        .call_combine(store, left, right)
                })
            })
        })?;
        let answer = answer.map_err(|message| refused(call, &message))?;
        self.states(call, answer, rows)
    }

    /// Row by row, the view columns of the states.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly; where it has no views.
    pub fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        let call = Call::Present;
        if self.described.descriptor.views.is_empty() {
            return Err(GuestError::BadArgument {
                call,
                what: "the component has no views".into(),
            });
        }
        let states = lower(call, states, self.described.descriptor.states.len())?;
        let budget = self.budget(u64::from(states.rows()), states.bytes());
        let answer = self.call(call, budget, |exports, store| {
            states.with(|states| {
                exports
                    .backfold_pipeline_monoid()
                    .call_present(store, states)
            })
        })?;
        let answer = answer.map_err(|message| refused(call, &message))?;
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
        let limit = self.component.limits().state;
        sizes::check(call, "state", states.columns(), limit, |_| None)?;
        self.dead = false;
        Ok(states)
    }

    fn budget(&self, rows: u64, bytes: u64) -> Budget {
        Budget {
            fuel: self.component.limits().fuel(rows, bytes),
            rows,
            bytes,
        }
    }

    /// Makes a call, and leaves the instance dead: it lives again once the answer has been checked.
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
        guarded(
            (&self.component, &self.slot),
            &mut self.store,
            &mut self.fuel_used,
            call,
            budget,
            |store| run(exports, store),
        )
    }
}

/// Runs something in the store with so much fuel; logs what the component printed; says what a failure was.
fn guarded<T>(
    (component, slot): (&Component, &Slot),
    store: &mut Store<Sandbox>,
    fuel_used: &mut u64,
    call: Call,
    budget: Budget,
    run: impl FnOnce(&mut Store<Sandbox>) -> wasmtime::Result<T>,
) -> Result<T, GuestError> {
    store
        .set_fuel(budget.fuel)
        .map_err(|error| GuestError::Engine {
            message: error.to_string(),
        })?;
    let result = slot.during(call, || run(store));
    let left = store.get_fuel().unwrap_or(0);
    *fuel_used = fuel_used.saturating_add(budget.fuel.saturating_sub(left));
    let stderr = store.data().outputs.forward(component.name());
    result.map_err(|error| {
        classify(
            call,
            &error,
            store.data_mut(),
            component.limits(),
            budget,
            &stderr,
        )
    })
}

fn lower(call: Call, batch: &RecordBatch, columns: usize) -> Result<Lowered, GuestError> {
    if batch.num_columns() != columns {
        let what = format!("{} columns instead of {columns}", batch.num_columns());
        return Err(GuestError::BadArgument { call, what });
    }
    Lowered::of(batch).map_err(|what| GuestError::BadArgument { call, what })
}

fn refused(call: Call, message: &str) -> GuestError {
    GuestError::Refused {
        call,
        message: printable(message, MESSAGE_BYTES),
    }
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
