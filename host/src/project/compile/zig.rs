//! Zig: a core module without a C library.

use super::super::tools::ZIG;
use super::super::{Language, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

pub(in super::super) struct Zig {
    pub(super) tool: Tool,
}

impl Zig {
    pub(super) fn find(search: &Search) -> Result<Self, ProjectError> {
        let tool = ZIG.require(Language::Zig, search)?;
        Ok(Zig { tool })
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let made = bench.core();
        let mut command = self.tool.command(&folder);
        command.args(["build-exe", "-target", "wasm32-freestanding", "-fno-entry"]);
        command.args(["-rdynamic", "-fstrip", "-OReleaseFast"]);
        command.arg(format!("-femit-bin={}", made.display()));
        command.args(&bench.project.flags).arg(&bench.project.entry);
        let status = process::run(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Module(read(&made)?))
    }
}
