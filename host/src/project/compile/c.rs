//! C and C++: zig or clang makes a core module.

use std::process::Command;

use super::super::tools::{C_COMPILER, CCompiler, c_compiler};
use super::super::{Language, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

/// The stack in linear memory, 1 MiB: zig's default is 16 MiB, clang's 64 KiB. A later flag of the project takes precedence.
const STACK: &str = "-Wl,-z,stack-size=1048576";

pub(in super::super) struct C {
    pub(super) tool: Tool,
    kind: CCompiler,
}

impl C {
    pub(super) fn find(search: &Search) -> Result<Self, ProjectError> {
        match c_compiler(search) {
            Some((tool, kind)) => Ok(C { tool, kind }),
            None => Err(C_COMPILER
                .require(Language::C, search)
                .err()
                .unwrap_or(ProjectError::Interrupted)),
        }
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let entry = folder.join(&bench.project.entry);
        let is_cpp = entry
            .extension()
            .is_some_and(|extension| ["cc", "cpp", "cxx"].iter().any(|cpp| extension == *cpp));
        let mut command = self.start(bench, is_cpp)?;
        command.args([
            "-mexec-model=reactor",
            "-O2",
            "-s",
            "-Wall",
            "-Wextra",
            STACK,
        ]);
        if is_cpp {
            // There is no library that unwinds for WebAssembly.
            command.arg("-fno-exceptions");
        }
        command.arg("-I").arg(&folder);
        if let Some(sdk) = bench.project.sdk() {
            command
                .arg("-I")
                .arg(std::path::absolute(&sdk).unwrap_or(sdk));
        }
        let made = bench.core();
        command.arg("-o").arg(&made).arg(&bench.project.entry);
        command.args(&bench.project.flags);
        let status = process::run(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Module(read(&made)?))
    }

    fn start(&self, bench: &Bench<'_>, is_cpp: bool) -> Result<Command, ProjectError> {
        let folder = bench.folder()?;
        Ok(match self.kind {
            CCompiler::Zig => {
                let mut command = self.tool.command(&folder);
                command.arg(if is_cpp { "c++" } else { "cc" });
                command.args(["-target", "wasm32-wasi"]);
                command
            }
            CCompiler::Clang => {
                let mut command = self.tool.command(&folder);
                command.arg("--target=wasm32-wasi");
                if is_cpp {
                    command.args(["--driver-mode=g++", "-lc++", "-lc++abi"]);
                }
                command
            }
        })
    }
}
