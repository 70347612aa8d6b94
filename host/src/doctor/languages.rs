//! The programs that a language needs: which were found, and how to install the others.

use std::path::Path;

use super::{Finding, Report};
use crate::project::{Engine, Language, Project, Search, needs};

/// Looks for the programs of a language, or of all languages, as a project in `folder` would find them. Missing programs of
/// a language that is named are problems.
pub fn languages(language: Option<Language>, folder: &Path) -> Report {
    let search = Search::new(Some(folder));
    let project = Project::read(folder).ok();
    let mut report = Report::default();
    report.add(command());
    let all = match language {
        Some(language) => vec![language],
        // JavaScript needs what TypeScript needs.
        None => Language::ALL
            .into_iter()
            .filter(|language| *language != Language::Js)
            .collect(),
    };
    for each in all {
        let engine = project
            .as_ref()
            .filter(|project| project.language == each)
            .map_or_else(Engine::default, |project| project.engine);
        for need in needs(each, engine) {
            let about = format!("{each}: {}", need.name);
            let tested = format!("backfold is tested with {}", need.tested);
            report.add(match need.find(&search) {
                Some(tool) if need.accepts(&tool) => {
                    let found = format!("{} at {} ({tested})", tool.version, tool.display());
                    Finding::fine(about, found)
                }
                Some(tool) => {
                    let found = format!(
                        "{} at {}, which is older than {} ({tested})",
                        tool.version,
                        tool.display(),
                        need.least
                    );
                    weighed(language, need.for_tests, about, found, need.install)
                }
                None => {
                    let found = match need.for_tests {
                        true => format!("not found; only unit tests need it ({tested})"),
                        false => format!("not found ({tested})"),
                    };
                    weighed(language, need.for_tests, about, found, need.install)
                }
            });
        }
    }
    report
}

/// Looks at whatever `folder` holds: the project, whose language is then that of the report.
pub fn folder(folder: &Path) -> Report {
    let project = Project::read(folder).ok();
    languages(project.map(|project| project.language), folder)
}

/// What is missing for a language is a problem where the user asked for that language.
fn weighed(
    asked: Option<Language>,
    for_tests: bool,
    about: String,
    found: String,
    install: &str,
) -> Finding {
    match asked.is_some() && !for_tests {
        true => Finding::problem(about, found, install),
        false => Finding::note(about, found, install),
    }
}

/// The version of this command.
pub(super) fn command() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    Finding::fine("backfold", format!("{version} on {system}, {machine}"))
}
