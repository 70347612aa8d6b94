//! What `wit_bindgen` makes of the contract, and of what is reached for beyond it.
#![allow(missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "backfold:evil/evil",
    generate_all,
});
