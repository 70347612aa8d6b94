//! TypeScript and JavaScript: esbuild bundles the source with the SDK, and a componentizer adds an engine.

use std::path::Path;
use std::process::Command;

use super::super::encode::WORLD;
use super::super::tools::{COMPONENTIZE_QJS, ESBUILD, JCO, NODE};
use super::super::{Engine, Language, ProjectError, Search, Tool, process};
use super::{Bench, Made, read};

/// The program of the SDK that builds.
const BUILDER: &str = "build.mjs";

pub(in super::super) struct Script {
    node: Tool,
    pub(super) esbuild: Tool,
    pub(super) componentize: Tool,
    engine: Engine,
}

impl Script {
    pub(super) fn find(
        language: Language,
        engine: Engine,
        search: &Search,
    ) -> Result<Self, ProjectError> {
        let componentize = match engine {
            Engine::QuickJs => &COMPONENTIZE_QJS,
            Engine::StarlingMonkey => &JCO,
        };
        Ok(Script {
            node: NODE.require(language, search)?,
            esbuild: ESBUILD.require(language, search)?,
            componentize: componentize.require(language, search)?,
            engine,
        })
    }

    pub(super) fn compile(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let builder = bench.project.sdk().map(|sdk| sdk.join(BUILDER));
        match builder.filter(|builder| builder.is_file()) {
            Some(builder) => self.compile_with(&builder, bench),
            None => self.compile_alone(bench),
        }
    }

    /// Lets the SDK build: it knows how the user's lines are found in a bundle.
    fn compile_with(&self, builder: &Path, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let folder = bench.folder()?;
        let (made, kept) = (bench.core(), bench.project.kept().join("bundle"));
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut command = self.node.command(&folder);
        command.arg(absolute(builder)).arg("--project").arg(&folder);
        command.arg("--entry").arg(&bench.project.entry);
        command.arg("--wit").arg(bench.wit()?.join("pipeline.wit"));
        command.arg("--work").arg(absolute(&kept));
        command.arg("--engine").arg(match self.engine {
            Engine::QuickJs => "quickjs",
            Engine::StarlingMonkey => "starlingmonkey",
        });
        command.arg("--out").arg(&made).args(&bench.project.flags);
        let status = process::run(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Component(read(&made)?))
    }

    /// Builds a source that exports by itself.
    fn compile_alone(&self, bench: &Bench<'_>) -> Result<Made, ProjectError> {
        let bundle = bench.scratch.join("pipeline.js");
        let mut esbuild = self.bundle(bench, &bundle)?;
        let status = process::run(&mut esbuild, bench.cancel)?;
        process::check(&esbuild, status)?;

        let made = bench.core();
        let mut command = self.componentize.command(bench.scratch);
        let wit = bench.wit()?;
        match self.engine {
            Engine::QuickJs => {
                command.arg("--js").arg(&bundle).arg("--wit").arg(wit);
                // Without `--sync` the component needs asynchronous functions, which the host does not have.
                command.args(["--world", WORLD, "--sync", "--output"]);
                command.arg(&made);
            }
            Engine::StarlingMonkey => {
                command
                    .arg("componentize")
                    .arg(&bundle)
                    .arg("--wit")
                    .arg(wit);
                command.args(["--world-name", WORLD, "--disable", "http", "--out"]);
                command.arg(&made);
            }
        }
        // What they print says nothing that the result of the build does not say; errors pass through.
        let (status, _) = process::capture(&mut command, bench.cancel)?;
        process::check(&command, status)?;
        Ok(Made::Component(read(&made)?))
    }

    fn bundle(&self, bench: &Bench<'_>, bundle: &Path) -> Result<Command, ProjectError> {
        let folder = bench.folder()?;
        let project = bench.project;
        let mut command = self.esbuild.command(&folder);
        command.arg(folder.join(&project.entry));
        command.args([
            "--bundle",
            "--format=esm",
            "--platform=neutral",
            "--target=es2022",
            "--main-fields=module,main",
            "--log-level=warning",
        ]);
        command.arg(format!("--outfile={}", bundle.display()));
        command.args(&project.flags);
        Ok(command)
    }
}
