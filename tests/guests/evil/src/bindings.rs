//! What `wit_bindgen` makes of the contract.
#![allow(missing_docs, unreachable_pub, reason = "generated")]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "replayable",
    generate_all,
});
