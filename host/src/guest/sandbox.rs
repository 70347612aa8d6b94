//! The data of a wasmtime store: the WASI context of one instance, its output and its memory.

use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::Limits;
use super::growth::Growth;
use super::outputs::Outputs;
use super::wasi::{self, SkippingClock, Ticks};

/// The data of one instance's store.
pub(super) struct Sandbox {
    wasi: WasiCtx,
    resources: ResourceTable,
    ticks: Ticks,
    /// The bytes that the component printed.
    pub(super) outputs: Outputs,
    /// The memory and table elements that the instance has, and their limits.
    pub(super) growth: Growth,
}

impl Sandbox {
    pub(super) fn new(limits: &Limits) -> Self {
        let outputs = Outputs::new(limits.output.bytes());
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(wasi::MAX_RESOURCES);
        let ticks = Ticks::default();
        Sandbox {
            wasi: wasi::context(&outputs, &ticks),
            resources,
            ticks,
            outputs,
            growth: Growth::new(limits),
        }
    }

    /// Adds WASI to a linker.
    pub(super) fn add_wasi(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
        wasmtime_wasi::p2::add_to_linker_sync(linker)?;
        // The monotonic clock of wasmtime-wasi would let a component sleep for as long as it likes.
        linker.allow_shadowing(true);
        monotonic_clock::add_to_linker::<_, SkippingClock>(linker, Sandbox::skipping_clock)?;
        linker.allow_shadowing(false);
        Ok(())
    }

    fn skipping_clock(&mut self) -> SkippingClock<'_> {
        SkippingClock {
            ticks: &self.ticks,
            resources: &mut self.resources,
        }
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.resources,
        }
    }
}
