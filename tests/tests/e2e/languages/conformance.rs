//! The conformance pipeline, written with each SDK, keeps the contract in all that `guest-sdk/conformance` lists.

use std::process::Command;

use backfold_tests::components::root;
use backfold_tests::process::{binary, run_long};
use backfold_tests::projects::Project;

fn conforms(language: &str) {
    let component = Project::at(&format!("guest-sdk/conformance/{language}")).component;
    let mut command = Command::new(root().join("guest-sdk/conformance/run"));
    command.arg("--backfold").arg(binary()).arg(component);
    run_long(&mut command).success();
}

macro_rules! languages {
    ($($language:ident)*) => {$(
        #[test]
        fn $language() {
            conforms(stringify!($language));
        }
    )*};
}

languages! { rust python typescript go c }
