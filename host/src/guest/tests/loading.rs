//! Files that are a component, and files that are not.

use std::fs::{self, File};
use std::path::Path;

use proptest::prelude::{Rng, RngExt};
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::*;

fn load(wasm: &[u8], limits: &Limits) -> GuestError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.wasm");
    fs::write(&path, wasm).unwrap();
    Component::load(&path, limits, None).err().unwrap()
}

#[test]
fn files_that_are_no_component_are_reported() {
    let limits = Limits::default();
    assert!(matches!(
        Component::load(Path::new("/no/such"), &limits, None),
        Err(GuestError::Read { .. })
    ));
    let module = load(&wat::parse_str("(module)").unwrap(), &limits);
    assert!(
        module
            .to_string()
            .ends_with("is not a WebAssembly component: it is a core module"),
        "{module}"
    );
    assert!(matches!(
        load(b"MZ", &limits),
        GuestError::NotAComponent { .. }
    ));
    let other = load(&wat::parse_str("(component)").unwrap(), &limits);
    assert!(matches!(other, GuestError::WrongWorld { .. }), "{other}");
    assert!(
        other
            .to_string()
            .contains("backfold:pipeline/pipeline@0.1.0")
    );
    let http =
        wat::parse_str(r#"(component (import "wasi:http/types@0.2.6" (instance)))"#).unwrap();
    assert!(
        load(&http, &limits)
            .to_string()
            .ends_with("may not have: wasi:http/types@0.2.6")
    );
}

#[test]
fn exports_of_another_shape_are_another_world() {
    let wat = r#"(component (instance $i)
        (export "backfold:pipeline/pipeline@0.1.0" (instance $i))
        (export "backfold:pipeline/monoid@0.1.0" (instance $i)))"#;
    let error = load(&wat::parse_str(wat).unwrap(), &Limits::default());
    assert!(matches!(error, GuestError::WrongWorld { .. }), "{error}");
}

#[test]
fn a_file_of_500_mb_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.wasm");
    File::create(&path).unwrap().set_len(500_000_000).unwrap();
    let error = Component::load(&path, &Limits::default(), None)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .ends_with("has 476.8 MiB, and `limits.component` is 256.0 MiB"),
        "{error}"
    );
}

/// Bytes that are no component any more must be refused, or do nothing worse than a component may.
fn survive(wasm: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), wasm).unwrap();
    let Ok(component) = Component::load(file.path(), &tight(), None) else {
        return;
    };
    let Ok(mut instance) = component.open(&[]) else {
        return;
    };
    let _ = instance.fold(&events(&TWO));
    let _ = instance.drain(10);
}

#[test]
fn cut_flipped_and_random_components_are_errors_and_nothing_worse() {
    let wasm = fs::read(raw_path()).unwrap();
    for length in (0..wasm.len()).step_by(1 << 10) {
        load(&wasm[..length], &Limits::default());
    }
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    // Each one that the compiler accepts takes it a while; `BACKFOLD_TEST_MUTATIONS` asks for more.
    let asked = std::env::var("BACKFOLD_TEST_MUTATIONS").ok();
    let mutations = asked.map_or(24, |asked| asked.parse().unwrap());
    for _ in 0..mutations {
        let mut flipped = wasm.clone();
        let at = rng.random_range(0..flipped.len());
        flipped[at] ^= 1 << rng.random_range(0..8);
        survive(&flipped);
        let mut random = vec![0; rng.random_range(0..4_096)];
        rng.fill_bytes(&mut random);
        survive(&random);
        random.splice(0..0, wasm[..8].iter().copied());
        survive(&random);
    }
}

#[test]
fn the_compiler_is_called_only_for_what_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("compiled"));
    let calls = |cache: Option<&Cache>| {
        let mut calls = Vec::new();
        Component::load_watched(raw_path(), &tight(), cache, &mut |does| calls.push(does)).unwrap();
        calls
    };
    assert_eq!(calls(Some(&cache)), [true, false]);
    assert!(calls(Some(&cache)).is_empty());
    assert_eq!(calls(None), [true, false]);
}

#[test]
fn a_core_module_of_go_and_an_import_of_jco_have_remedies() {
    let remedy = |wat: &str| {
        let error = load(&wat::parse_str(wat).unwrap(), &Limits::default());
        Details::of(&error)
            .and_then(Details::remedy)
            .map(str::to_owned)
    };
    let go = r#"(module (@producers (language "Go" "1.26") (processed-by "Go cmd/compile" "1")))"#;
    assert!(remedy(go).unwrap().contains("`backfold build`"));
    assert_eq!(remedy("(module)"), None);
    let jco = r#"(component (@producers (processed-by "ComponentizeJS" "0.22"))
        (import "wasi:http/types@0.2.10" (instance)))"#;
    assert!(
        remedy(jco)
            .unwrap()
            .contains("`jco componentize --disable http`")
    );
}

#[test]
fn compiling_has_limits() {
    let wasm = fs::read(raw_path()).unwrap();
    assert!(matches!(
        load(
            &wasm,
            &Limits {
                compile_memory: ByteSize(0),
                ..Limits::default()
            }
        ),
        GuestError::CompileMemory { .. }
    ));
    assert!(matches!(
        load(
            &wasm,
            &Limits {
                compile_time: Duration::ZERO,
                ..Limits::default()
            }
        ),
        GuestError::CompileTimeout { .. }
    ));
}

#[test]
fn what_was_compiled_is_used_again_and_a_forged_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let kept = Cache::new(&cache);
    let load = || Component::load(raw_path(), &tight(), Some(&kept)).unwrap();
    let first = load();
    assert_eq!(first.digest(), load().digest());
    let imports = first.imports().iter();
    assert!(
        imports.clone().count() > 5 && imports.clone().all(|import| import.starts_with("wasi:"))
    );
    let files: Vec<_> = fs::read_dir(&cache)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let whole = fs::read(&files[0]).unwrap();
    let mut forged = whole.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    fs::write(&files[0], &forged).unwrap();
    assert!(load().open(&[]).unwrap().fold(&events(&TWO)).is_ok());
    assert!(
        fs::read(&files[0]).unwrap() != forged,
        "compiled anew and kept"
    );
}
