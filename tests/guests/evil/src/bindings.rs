//! The bindings that `wit_bindgen` generates from the contract, and from the interfaces beyond it.
#![allow(missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "backfold:evil/evil",
    generate_all,
});
