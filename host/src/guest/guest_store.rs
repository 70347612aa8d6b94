//! A store of wasmtime for one instance: each call in it has fuel, is timed, and fails with a [`GuestError`].

use std::sync::Arc;

use wasmtime::Store;

use super::calls::Slot;
use super::fault::{Budget, classify};
use super::sandbox::Sandbox;
use super::{Call, Component, GuestError};

/// The store of one instance of a component.
pub(super) struct GuestStore {
    component: Component,
    store: Store<Sandbox>,
    fuel_used: u64,
    slot: Arc<Slot>,
}

impl GuestStore {
    /// An empty store with the limits of the component. `slot` is where its calls are timed.
    pub(super) fn new(component: &Component, slot: Arc<Slot>) -> Self {
        let limits = component.limits();
        let mut store = Store::new(component.engine(), Sandbox::new(limits));
        store.limiter(|sandbox| &mut sandbox.growth);
        store.set_hostcall_fuel(limits.answer.bytes());
        GuestStore {
            component: component.clone(),
            store,
            fuel_used: 0,
            slot,
        }
    }

    /// An empty store of the same component, which goes on counting fuel from here.
    pub(super) fn fresh(&self) -> Self {
        GuestStore {
            fuel_used: self.fuel_used,
            ..GuestStore::new(&self.component, self.slot.clone())
        }
    }

    pub(super) fn component(&self) -> &Component {
        &self.component
    }

    /// The bytes of linear memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().growth.memory_bytes()
    }

    /// The fuel used by all calls, failed ones too.
    pub(super) fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// The fuel for a call that is given, or asked for, `rows` rows, and is given `bytes` bytes.
    pub(super) fn budget(&self, rows: u64, bytes: u64) -> Budget {
        Budget {
            fuel: self.component.limits().fuel(rows, bytes),
            rows,
            bytes,
        }
    }

    /// Runs a call with the fuel of `budget`. What the component printed goes to the log; if the call fails, its standard
    /// error is part of the error instead.
    ///
    /// # Errors
    /// Where the component traps, or exceeds a limit.
    pub(super) fn run<T>(
        &mut self,
        call: Call,
        budget: Budget,
        run: impl FnOnce(&mut Store<Sandbox>) -> wasmtime::Result<T>,
    ) -> Result<T, GuestError> {
        let store = &mut self.store;
        store
            .set_fuel(budget.fuel)
            .map_err(|error| GuestError::Engine {
                message: error.to_string(),
            })?;
        let result = self.slot.during(call, || run(store));
        let left = store.get_fuel().unwrap_or(0);
        self.fuel_used = self
            .fuel_used
            .saturating_add(budget.fuel.saturating_sub(left));
        let name = self.component.name();
        let stderr = store.data().outputs.forward(name, result.is_err());
        let component = &self.component;
        result.map_err(|error| classify(call, &error, store.data_mut(), component, budget, &stderr))
    }
}
