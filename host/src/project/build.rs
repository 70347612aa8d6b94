//! A build: compile, encode, write, check; nothing of it where nothing has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::cache::{Kept, inputs};
use super::checks::{Checked, check};
use super::compile::{Bench, Compiler, Made};
use super::conditions::{BuildOptions, conditions};
use super::{Language, Project, ProjectError, Search, Tool, encode};
use crate::durable;

/// A component that was built.
#[derive(Clone, Debug, Serialize)]
pub struct Built {
    /// The language.
    pub language: Language,
    /// The `.wasm` file.
    pub output: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The BLAKE3 digest, in hexadecimal.
    pub digest: String,
    /// Whether nothing had changed since the last build, so that nothing was done.
    pub unchanged: bool,
    /// How long it took.
    pub seconds: f64,
    /// The programs of the compiler.
    pub tools: Vec<Tool>,
    /// What the checks found.
    pub component: Checked,
}

/// Builds a project's component, and checks it. The compiler's messages go to standard error.
///
/// # Errors
/// Where a program is missing, the compiler refuses the source, or the component is none that a job can use; then the
/// `.wasm` is written nevertheless, for `inspect` and `check`.
pub async fn build(
    project: &Project,
    options: &BuildOptions,
    cancel: &CancellationToken,
) -> Result<Built, ProjectError> {
    let began = Instant::now();
    let search = Search::new(Some(&project.folder));
    let compiler = Compiler::find(project, &search)?;
    let tools: Vec<Tool> = compiler.tools().into_iter().cloned().collect();
    let conditions = conditions(project, options)?;
    let digest = || inputs(project, &compiler.tools(), &conditions);
    let found = digest()?;
    let output = project.output();
    let built = |wasm: &[u8], unchanged, component| Built {
        language: project.language,
        output: output.clone(),
        bytes: wasm.len() as u64,
        digest: blake3::hash(wasm).to_hex().to_string(),
        unchanged,
        seconds: began.elapsed().as_secs_f64(),
        tools: tools.clone(),
        component,
    };

    if !options.fresh
        && let Some((wasm, checked)) = unchanged(project, &found)
    {
        return Ok(built(&wasm, true, checked));
    }
    compiler.prepare(project, cancel)?;
    let inputs = digest()?;
    let wasm = {
        let (project, cancel) = (project.clone(), cancel.clone());
        let compile = move || compile(&project, &compiler, &cancel);
        options.progress.compiles(true);
        let compiled = tokio::task::spawn_blocking(compile).await;
        options.progress.compiles(false);
        compiled.unwrap_or_else(|failed| match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ProjectError::Interrupted),
        })?
    };
    write(&output, &wasm)?;
    let checked = check(project, &output, &conditions, &options.progress, cancel).await?;
    let kept = Kept {
        inputs,
        output: blake3::hash(&wasm).to_hex().to_string(),
        checked,
    };
    kept.write(project);
    Ok(built(&wasm, false, kept.checked))
}

/// The component of the last build and what its checks found, if that build had the same inputs and is still there.
fn unchanged(project: &Project, inputs: &str) -> Option<(Vec<u8>, Checked)> {
    let kept = Kept::read(project).filter(|kept| kept.inputs == inputs)?;
    let wasm = fs::read(project.output()).ok()?;
    let is_it = blake3::hash(&wasm).to_hex().as_str() == kept.output;
    is_it.then_some((wasm, kept.checked))
}

fn compile(
    project: &Project,
    compiler: &Compiler,
    cancel: &CancellationToken,
) -> Result<Vec<u8>, ProjectError> {
    let scratch = Scratch::new(project)?;
    let bench = Bench {
        project,
        scratch: &scratch.0,
        cancel,
    };
    let module = match compiler.compile(&bench)? {
        Made::Component(component) => return Ok(component),
        Made::Module(module) => module,
    };
    encode::component(&module).map_err(|what| ProjectError::Encode {
        tool: compiler
            .tools()
            .first()
            .map_or_else(String::new, |tool| tool.display()),
        entry: project.folder.join(&project.entry),
        what,
    })
}

fn write(output: &Path, wasm: &[u8]) -> Result<(), ProjectError> {
    let failed = || ProjectError::file("write", output);
    if let Some(folder) = output.parent() {
        durable::create_folder(folder).map_err(failed())?;
    }
    durable::write(output, wasm).map_err(failed())
}

/// A folder for files that nobody needs after a build.
struct Scratch(PathBuf);

impl Scratch {
    fn new(project: &Project) -> Result<Self, ProjectError> {
        let folder = project.kept().join(format!("build-{}", std::process::id()));
        let absolute = std::path::absolute(&folder);
        let folder = absolute.map_err(ProjectError::file("find", &folder))?;
        // A process of this number may have been killed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, folder = %self.0.display(), "a folder of a build is left");
        }
    }
}
