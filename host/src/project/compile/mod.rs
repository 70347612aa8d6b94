//! From source to WebAssembly, by the language's own compiler.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::encode::CONTRACT;
use super::{Language, Project, ProjectError, Search, Tool};

mod c;
mod go;
mod python;
mod rust;
mod script;
mod zig;

/// What a compiler made.
pub(super) enum Made {
    /// A core module.
    Module(Vec<u8>),
    /// A component.
    Component(Vec<u8>),
}

/// The surroundings of a compiler.
pub(super) struct Bench<'a> {
    pub(super) project: &'a Project,
    /// A folder for files that nobody needs afterwards.
    pub(super) scratch: &'a Path,
    pub(super) cancel: &'a CancellationToken,
}

/// A compiler with its programs, ready to be started.
pub(super) enum Compiler {
    Rust(rust::Rust),
    Python(python::Python),
    Script(script::Script),
    Go(go::Go),
    C(c::C),
    Zig(zig::Zig),
}

impl Compiler {
    /// The compiler of a project.
    ///
    /// # Errors
    /// Where one of its programs is missing.
    pub(super) fn find(project: &Project, search: &Search) -> Result<Self, ProjectError> {
        Ok(match project.language {
            Language::Rust => Compiler::Rust(rust::Rust::find(search)?),
            Language::Python => Compiler::Python(python::Python::find(search)?),
            Language::Ts | Language::Js => {
                let (language, engine) = (project.language, project.engine);
                Compiler::Script(script::Script::find(language, engine, search)?)
            }
            Language::Go => Compiler::Go(go::Go::find(search)?),
            Language::C => Compiler::C(c::C::find(search)?),
            Language::Zig => Compiler::Zig(zig::Zig::find(search)?),
        })
    }

    /// Its programs, the one to name first.
    pub(super) fn tools(&self) -> Vec<&Tool> {
        match self {
            Compiler::Rust(rust) => vec![&rust.cargo],
            Compiler::Python(python) => vec![&python.componentize],
            Compiler::Script(script) => vec![&script.componentize, &script.esbuild],
            Compiler::Go(go) => vec![&go.go],
            Compiler::C(c) => vec![&c.tool],
            Compiler::Zig(zig) => vec![&zig.tool],
        }
    }

    /// Completes the sources that the language's own tool keeps.
    ///
    /// # Errors
    /// Where the tool fails.
    pub(super) fn prepare(
        &self,
        project: &Project,
        cancel: &CancellationToken,
    ) -> Result<(), ProjectError> {
        match self {
            Compiler::Rust(rust) => rust.prepare(project, cancel),
            _ => Ok(()),
        }
    }

    /// Compiles.
    ///
    /// # Errors
    /// Where the compiler refuses the source.
    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        match self {
            Compiler::Rust(rust) => rust.compile(bench),
            Compiler::Python(python) => python.compile(bench),
            Compiler::Script(script) => script.compile(bench),
            Compiler::Go(go) => go.compile(bench),
            Compiler::C(c) => c.compile(bench),
            Compiler::Zig(zig) => zig.compile(bench),
        }
    }
}

impl Bench<'_> {
    /// The folder of the project, from the root of the file system: compilers are started in it.
    fn folder(&self) -> Result<PathBuf, ProjectError> {
        let folder = &self.project.folder;
        std::path::absolute(folder).map_err(ProjectError::file("find", folder))
    }

    /// A file for the compiler to write.
    fn core(&self) -> PathBuf {
        self.scratch.join("core.wasm")
    }

    /// The folder of the contract, for compilers that read it.
    fn wit(&self) -> Result<PathBuf, ProjectError> {
        let folder = self.scratch.join("wit");
        std::fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
        let file = folder.join("pipeline.wit");
        std::fs::write(&file, CONTRACT).map_err(ProjectError::file("write", &file))?;
        Ok(folder)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ProjectError> {
    std::fs::read(path).map_err(ProjectError::file("read", path))
}
