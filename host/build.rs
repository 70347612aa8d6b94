//! Lists the files of the SDKs and their templates, which `src/project/sdk.rs` builds into the command.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The SDKs, folders of `guest-sdk`.
const SDKS: [&str; 5] = ["rust", "python", "typescript", "go", "c"];

/// Folders that no project needs: what tools left, and tests. `src/project/sdk.rs` knows them as well.
const LEFT_OUT: [&str; 8] = [
    "node_modules",
    "__pycache__",
    "target",
    "tests",
    "test",
    "build",
    "dist",
    "venv",
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let mut list = String::from("static FILES: &[(&str, &str, &[u8])] = &[\n");
    for sdk in SDKS {
        let folder = root.join(sdk);
        let mut files = Vec::new();
        walk(&folder, true, &mut files);
        files.sort();
        for file in files {
            let name = file.strip_prefix(&folder).expect("it was found there");
            let name = name.to_str().expect("names in this repository are UTF-8");
            let real = file.canonicalize().expect("it was found");
            writeln!(list, "    ({sdk:?}, {name:?}, include_bytes!({real:?})),")
                .expect("a String takes everything");
            println!("cargo::rerun-if-changed={}", file.display());
        }
    }
    list.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").expect("Cargo sets it");
    fs::write(PathBuf::from(out).join("sdk.rs"), list).expect("Cargo's own folder is writable");
    println!("cargo::rerun-if-changed=build.rs");
}

/// Files of an SDK. Those of a template count whatever their names are, tests and hidden files as well.
fn walk(folder: &Path, is_sdk: bool, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry
            .expect("a folder of this repository can be read")
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_template = name.starts_with("template");
        let is_left_by_tools = LEFT_OUT[..3].contains(&name.as_ref());
        let is_left_out = is_left_by_tools
            || is_sdk && (name.starts_with('.') || LEFT_OUT.contains(&name.as_ref()))
            || [".pytest_cache", ".venv", ".backfold", ".mypy_cache"].contains(&name.as_ref());
        if is_left_out {
            continue;
        }
        if path.is_dir() {
            walk(&path, is_sdk && !is_template, files);
        } else if !is_sdk || !is_test(&name) {
            files.push(path);
        }
    }
}

/// Whether a file of an SDK is one of its tests, or a script of this repository.
fn is_test(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_script = ["build-component", "package-lock.json", "Makefile"].contains(&name);
    is_script
        || stem.starts_with("test_")
        || ["_test", ".test"].iter().any(|end| stem.ends_with(end))
        || name == "conftest.py"
}
