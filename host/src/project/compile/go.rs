//! Go: the stock compiler makes a core module for WASI preview 1.

use super::super::tools::GO;
use super::super::{Language, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

pub(in super::super) struct Go {
    pub(super) go: Tool,
}

impl Go {
    pub(super) fn find(search: &Search) -> Result<Self, ProjectError> {
        let go = GO.require(Language::Go, search)?;
        Ok(Go { go })
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let made = bench.core();
        let mut command = self.go.command(&folder);
        command.args([
            "build",
            "-buildmode=c-shared",
            "-trimpath",
            "-ldflags=-s -w",
        ]);
        command.args(&bench.project.flags);
        command.arg("-o").arg(&made).arg(package(bench));
        command.env("GOOS", "wasip1").env("GOARCH", "wasm");
        let status = process::run(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Module(read(&made)?))
    }
}

/// The package to compile: a path that begins with a dot, as Go wants it.
fn package(bench: &Bench<'_>) -> String {
    let entry = bench.project.entry.to_string_lossy();
    match entry.starts_with('.') || entry.starts_with('/') {
        true => entry.into_owned(),
        false => format!("./{entry}"),
    }
}
