//! What stops the work on a project.

use std::io;
use std::path::PathBuf;

use super::Language;
use crate::error::{Code, Coded};
use crate::job::JobError;
use crate::replay;

/// A failure of `new`, `build` or `test` in a project.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// `backfold.toml` is not there, or is not valid.
    #[error("there is no project in `{}`", folder.display())]
    NoProject {
        /// The folder.
        folder: PathBuf,
        /// Why its `backfold.toml` cannot be read.
        source: io::Error,
    },
    /// A setting of `backfold.toml` is not valid.
    #[error(transparent)]
    Manifest(JobError),
    /// A program that the language needs is missing.
    #[error("{language} needs {tool}, which was not found {searched}: {install}")]
    MissingTool {
        /// The language.
        language: Language,
        /// The program.
        tool: &'static str,
        /// Where it was searched.
        searched: String,
        /// The command that installs it.
        install: String,
    },
    /// The compiler refused the source. It has said why.
    #[error("`{command}` failed: {status}")]
    Compiler {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
    /// What the compiler made cannot be a component.
    #[error("what `{tool}` made of `{}` is no pipeline: {what}", entry.display())]
    Encode {
        /// The program that made it.
        tool: String,
        /// The source.
        entry: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file of the project cannot be read or written.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// The action, as a verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A project cannot have this name.
    #[error("`{name}` cannot be the name of a project: {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The folder of a new project holds something.
    #[error("`{}` is not empty", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no template for a language.
    #[error("{language} has no template")]
    NoTemplate {
        /// The language.
        language: Language,
    },
    /// A project cannot be made of a job whose component is a file.
    #[error("the component of `{}` is `{}`, not `aggregate`: the job declares no pipeline", job.display(), component.display())]
    NotDeclared {
        /// The job file.
        job: PathBuf,
        /// Its component.
        component: PathBuf,
    },
    /// A language cannot say a part of a declaration.
    #[error("{language} cannot say the declaration's {entry}: {problem}")]
    Inexpressible {
        /// The language.
        language: Language,
        /// The entry of the declaration.
        entry: String,
        /// Why.
        problem: String,
    },
    /// The unit tests of a project fail. They have said why.
    #[error("the unit tests fail: `{command}`: {status}")]
    UnitTests {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
    },
    /// The command was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// Loading the component, its laws, or folding the sample.
    #[error(transparent)]
    Replay(Box<replay::Error>),
}

impl From<replay::Error> for ProjectError {
    fn from(error: replay::Error) -> Self {
        ProjectError::Replay(Box::new(error))
    }
}

impl ProjectError {
    /// For `map_err`: a file of the project, and what was to be done with it.
    pub(super) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| ProjectError::File { what, path, source }
    }
}

impl Coded for ProjectError {
    fn code(&self) -> &'static Code {
        match self {
            ProjectError::NoProject { .. } => &codes::NO_PROJECT,
            ProjectError::Manifest(error) => error.code(),
            ProjectError::MissingTool { .. } => &codes::MISSING_TOOL,
            ProjectError::Compiler { .. } => &codes::COMPILER,
            ProjectError::Encode { .. } => &codes::ENCODE,
            ProjectError::File { .. } => &codes::FILE,
            ProjectError::Start { .. } => &codes::START,
            ProjectError::Name { .. } => &codes::NAME,
            ProjectError::NotEmpty { .. } => &codes::NOT_EMPTY,
            ProjectError::NoTemplate { .. } => &codes::NO_TEMPLATE,
            ProjectError::NotDeclared { .. } => &codes::NOT_DECLARED,
            ProjectError::Inexpressible { .. } => &codes::INEXPRESSIBLE,
            ProjectError::UnitTests { .. } => &codes::UNIT_TESTS,
            ProjectError::Interrupted => &codes::INTERRUPTED,
            ProjectError::Replay(error) => error.code(),
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use crate::error::{Class, Code};

    pub(crate) const NO_PROJECT: Code = Code::new(
        1001,
        Class::Usage,
        "Name the folder of a project, which has a `backfold.toml`; `backfold new NAME --lang LANG` makes one.",
    );
    pub(crate) const MISSING_TOOL: Code = Code::new(
        1002,
        Class::Usage,
        "Install it by the command that is named; `backfold doctor LANG` shows all that a language needs.",
    );
    pub(crate) const COMPILER: Code = Code::new(
        1003,
        Class::Permanent,
        "Correct the source: the compiler's messages stand above.",
    );
    pub(crate) const ENCODE: Code = Code::new(
        1004,
        Class::Permanent,
        "Export the functions of `wit/pipeline.wit`, by the SDK of the language, and import nothing else.",
    );
    pub(crate) const FILE: Code = Code::new(
        1005,
        Class::Usage,
        "Look at the file's permissions, and at the space of its disk.",
    );
    pub(crate) const START: Code = Code::new(
        1006,
        Class::Usage,
        "Install the program, or name another command in `backfold.toml`.",
    );
    pub(crate) const NAME: Code = Code::new(
        1007,
        Class::Usage,
        "Choose a name of lower-case letters, digits and dashes that begins with a letter, such as `page-views`.",
    );
    pub(crate) const NOT_EMPTY: Code = Code::new(
        1008,
        Class::Usage,
        "Choose another name, or remove what the folder holds.",
    );
    pub(crate) const NO_TEMPLATE: Code = Code::new(
        1009,
        Class::Usage,
        "Choose another language; projects without a template are written by hand, beginning with `backfold.toml`.",
    );
    pub(crate) const UNIT_TESTS: Code = Code::new(
        1010,
        Class::Gate,
        "Correct the source or its tests: their messages stand above.",
    );
    pub(crate) const INTERRUPTED: Code =
        Code::new(1011, Class::Interrupted, "Give the command again.");
    pub(crate) const NOT_DECLARED: Code = Code::new(
        1012,
        Class::Usage,
        "Name a job with `component = \"aggregate\"` and `[pipeline]` after `--from`, or leave `--from` out.",
    );
    pub(crate) const INEXPRESSIBLE: Code = Code::new(
        1013,
        Class::Usage,
        "Change that entry in the job's `[pipeline]`, such as the name of a column, or choose another language.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &NO_PROJECT,
        &MISSING_TOOL,
        &COMPILER,
        &ENCODE,
        &FILE,
        &START,
        &NAME,
        &NOT_EMPTY,
        &NO_TEMPLATE,
        &UNIT_TESTS,
        &INTERRUPTED,
        &NOT_DECLARED,
        &INEXPRESSIBLE,
    ];
}
