//! Rust: Cargo makes a core module, whose bindings have told its world.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::tools::{CARGO, RUST_STD, RUST_TARGET, RustStd, rust_std};
use super::super::{Language, Project, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

/// The profile: small and fast; a panic is a trap. Given here, so that a crate needs no profile for it.
const PROFILE: [&str; 6] = [
    "inherits=\"release\"",
    "lto=true",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=true",
    "debug=false",
];

pub(in super::super) struct Rust {
    pub(super) cargo: Tool,
    std: RustStd,
}

impl Rust {
    pub(super) fn find(search: &Search) -> Result<Self, ProjectError> {
        let missing = || RUST_STD.require(Language::Rust, search);
        match rust_std(search) {
            Some((cargo, std)) => Ok(Rust { cargo, std }),
            // Without Cargo, that is what is missing.
            None => Err(CARGO
                .require(Language::Rust, search)
                .and_then(|_| missing())
                .err()
                .unwrap_or(ProjectError::Interrupted)),
        }
    }

    /// Lets Cargo write to `Cargo.lock` what it lacks: the file is a source of the build.
    pub(super) fn prepare(
        &self,
        project: &Project,
        cancel: &CancellationToken,
    ) -> Result<(), ProjectError> {
        let folder = std::path::absolute(&project.folder)
            .map_err(ProjectError::file("find", &project.folder))?;
        let mut command = self.cargo.command(&folder);
        command.args(["fetch", "--quiet", "--target", RUST_TARGET]);
        let status = process::run(&mut command, cancel)?;
        process::check(&command, status)
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let mut command = self.cargo.command(&folder);
        command.arg("build");
        if let RustStd::FromSource { linkers } = &self.std {
            command.arg("-Zbuild-std=std,panic_abort");
            command
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1");
            let path = linkers.iter().cloned().chain([PathBuf::from("/bin")]);
            if let Ok(path) = std::env::join_paths(path) {
                command.env("PATH", path);
            }
        }
        for setting in PROFILE {
            command.args(["--config", &format!("profile.component.{setting}")]);
        }
        command.args(["--target", RUST_TARGET, "--profile", "component", "--lib"]);
        command.args(["--message-format", "json-render-diagnostics"]);
        command.args(&bench.project.flags);
        // A component is the same whatever wrappers and flags other builds use.
        for variable in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTC_WRAPPER",
            "RUSTUP_TOOLCHAIN",
        ] {
            command.env_remove(variable);
        }
        let (status, messages) = process::capture(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        let module = made(&messages, &folder).ok_or_else(|| ProjectError::Encode {
            tool: "cargo".to_owned(),
            entry: bench.project.folder.join("Cargo.toml"),
            what: "there is no `.wasm`: `[lib]` needs `crate-type = [\"cdylib\", \"rlib\"]`"
                .to_owned(),
        })?;
        Ok(Made::Module(read(&module)?))
    }
}

/// The `.wasm` of the package in `folder`, out of Cargo's messages.
fn made(messages: &str, folder: &Path) -> Option<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    // Cargo tells paths without links.
    let manifest = manifest.canonicalize().unwrap_or(manifest);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| {
            let told = message["manifest_path"].as_str().map(PathBuf::from);
            told.and_then(|told| told.canonicalize().ok()).as_ref() == Some(&manifest)
        })
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_own_wasm_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let manifest = folder.join("Cargo.toml");
        std::fs::write(&manifest, "").unwrap();
        let line = |manifest: &Path, file: &str| {
            serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "filenames": ["/x/lib.rlib", file],
            })
            .to_string()
        };
        let other = Path::new("/other/Cargo.toml");
        let messages = [
            line(other, "/x/other.wasm"),
            "no JSON".to_owned(),
            line(&manifest, "/x/own.wasm"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let messages = messages.join("\n");
        assert_eq!(made(&messages, &folder), Some("/x/own.wasm".into()));
        assert_eq!(made(&line(other, "/x/other.wasm"), &folder), None);
    }
}
