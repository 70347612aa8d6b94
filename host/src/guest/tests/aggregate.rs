//! The component that is part of backfold.

use std::path::Path;
use std::process::Command;

use super::*;

#[test]
fn it_is_found_by_its_name() {
    let component = Component::load(Path::new(AGGREGATE), &Limits::default(), None).unwrap();
    let declared = params(&[("key", "page = page_id"), ("keep", "views = count")]);
    let instance = component.open(&declared).unwrap();
    assert_eq!(instance.descriptor().name, "aggregate");
    let small = Limits {
        component: ByteSize::kib(1),
        ..Limits::default()
    };
    let error = Component::load(Path::new(AGGREGATE), &small, None).unwrap_err();
    assert!(matches!(error, GuestError::TooLarge { .. }), "{error}");
}

/// `guest-sdk/aggregate/rebuild` was run after the last change of its sources.
#[test]
fn it_is_as_new_as_its_sources() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../guest-sdk/aggregate/rebuild"
    );
    let checked = Command::new(script).arg("--check").output().unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}
