//! What `bindgen!` makes of `wit/pipeline.wit`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "replayable",
    // Arguments borrow the buffers of Arrow: they are copied once, into the guest.
    ownership: Borrowing { duplicate_if_necessary: true },
    // To tell whether a fresh instance describes itself as the one before.
    additional_derives: [PartialEq],
});
