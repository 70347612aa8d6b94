//! Python: componentize-py makes a component with CPython in it.

use std::path::{Path, PathBuf};

use super::super::encode::WORLD;
use super::super::tools::COMPONENTIZE_PY;
use super::super::{Language, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

/// The module of the SDK that makes a component's exports of a pipeline.
const EXPORTS: &str = "_component.py";

/// The name of the module with which a component begins.
const BEGINNING: &str = "backfold_component";

pub(in super::super) struct Python {
    pub(super) componentize: Tool,
}

impl Python {
    pub(super) fn find(search: &Search) -> Result<Self, ProjectError> {
        let componentize = COMPONENTIZE_PY.require(Language::Python, search)?;
        Ok(Python { componentize })
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let entry = folder.join(&bench.project.entry);
        let module = entry.file_stem().unwrap_or_default().to_string_lossy();
        let mut command = self.componentize.command(&folder);
        command.arg("--quiet").arg("--wit-path").arg(bench.wit()?);
        command.args(["--world", WORLD, "componentize"]);
        let source = entry.parent().unwrap_or(&folder).to_owned();
        let mut paths = Vec::new();
        match bench.project.sdk().map(|sdk| packages(&sdk)) {
            Some(packages) if packages.join("backfold").join(EXPORTS).is_file() => {
                paths.push(begin(bench, &module)?);
                paths.push(std::path::absolute(&packages).unwrap_or(packages));
                command.arg(BEGINNING);
            }
            // The source exports by itself.
            _ => {
                command.arg(&*module);
            }
        }
        paths.push(source);
        paths.dedup();
        for path in paths {
            command.arg("--python-path").arg(path);
        }
        let made = bench.core();
        command
            .arg("--output")
            .arg(&made)
            .args(&bench.project.flags);
        // Bytecode beside the source would be a change of the source.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let status = process::run(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Component(read(&made)?))
    }
}

/// Writes the module with which the component begins, and returns its folder.
fn begin(bench: &Bench<'_>, module: &str) -> Result<PathBuf, ProjectError> {
    let folder = bench.scratch.join("beginning");
    std::fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
    let text = format!(
        "import {module}\n\nfrom backfold._component import export\n\nPipeline, Monoid = export({module})\n"
    );
    let file = folder.join(format!("{BEGINNING}.py"));
    std::fs::write(&file, text).map_err(ProjectError::file("write", &file))?;
    Ok(folder)
}

/// The folder that holds the package `backfold`: the SDK itself in this repository, the folder above it in a project.
fn packages(sdk: &Path) -> PathBuf {
    match sdk.join("__init__.py").is_file() {
        true => sdk.parent().unwrap_or(sdk).to_owned(),
        false => sdk.to_owned(),
    }
}
