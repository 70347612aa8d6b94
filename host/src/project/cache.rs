//! Whether anything has changed since the last build, kept in `.backfold/build.json`.

use std::fs;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::encode::CONTRACT;
use super::sources::{Purpose, files};
use super::{Checked, Project, ProjectError, Tool};
use crate::durable;

/// The file with the last build.
const FILE: &str = "build.json";

/// A file that is larger counts as changed by its size and time, not by its content.
const READ_WHOLE: u64 = 4 << 20;

/// The last build of a project.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The digest of everything that the build depends on.
    pub(super) inputs: String,
    /// The digest of the component.
    pub(super) output: String,
    /// What the checks found.
    pub(super) checked: Checked,
}

impl Kept {
    /// The last build; `None` where there is none that can be read.
    pub(super) fn read(project: &Project) -> Option<Kept> {
        let text = fs::read(project.kept().join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps the last build. It only saves time, so where it cannot be kept, that is no failure.
    pub(super) fn write(&self, project: &Project) {
        let folder = project.kept();
        let written = serde_json::to_vec_pretty(self)
            .map_err(std::io::Error::from)
            .and_then(|text| {
                durable::create_folder(&folder)?;
                durable::write(&folder.join(FILE), &text)
            });
        if let Err(error) = written {
            tracing::warn!(%error, folder = %folder.display(), "the next build will not know of this one");
        }
    }
}

/// The digest of everything that a build depends on: the sources, the SDK, the tools, this command, and the parameters
/// with which the component is checked.
///
/// # Errors
/// Where a file cannot be read.
pub(super) fn inputs(
    project: &Project,
    tools: &[&Tool],
    conditions: &Conditions,
) -> Result<String, ProjectError> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(CONTRACT.as_bytes());
    for tool in tools {
        add(tool.display().as_bytes());
        add(tool.version.as_bytes());
    }
    for (key, value) in &conditions.params {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    let files = files(project, Purpose::Build, &conditions.not_sources);
    for path in files.map_err(ProjectError::file("list the files of", &project.folder))? {
        let name = path.strip_prefix(&project.folder).unwrap_or(&path);
        add(name.to_string_lossy().as_bytes());
        let failed = || ProjectError::file("read", &path);
        let found = path.metadata().map_err(failed())?;
        if found.len() <= READ_WHOLE {
            add(&fs::read(&path).map_err(failed())?);
            continue;
        }
        let changed = found.modified().ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        add(&found.len().to_le_bytes());
        add(&changed.unwrap_or_default().as_nanos().to_le_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("backfold.toml"), "lang = \"c\"").unwrap();
        fs::write(path("pipeline.c"), "int a;").unwrap();
        let project = Project::read(folder.path()).unwrap();
        let tool = |version: &str| Tool {
            command: vec!["/usr/bin/zig".into()],
            version: version.to_owned(),
        };
        let param = [("a".to_owned(), "b".to_owned())];
        let digest = |version: &str, params: &[(String, String)]| {
            let conditions = Conditions {
                limits: Default::default(),
                params: params.to_vec(),
                job: None,
                not_sources: Vec::new(),
            };
            inputs(&project, &[&tool(version)], &conditions).unwrap()
        };
        let first = digest("1", &[]);
        assert_eq!(digest("1", &[]), first);
        assert_ne!(digest("2", &[]), first);
        assert_ne!(digest("1", &param), first);
        fs::write(path("README.md"), "text").unwrap();
        assert_eq!(digest("1", &[]), first);
        fs::write(path("more.h"), "").unwrap();
        let second = digest("1", &[]);
        assert_ne!(second, first);
        fs::write(path("pipeline.c"), "int b;").unwrap();
        assert_ne!(digest("1", &[]), second);
    }
}
