//! What tells one job from another: what it reads and where its table goes, however the job file spells it.

use serde_json::{Value, json};

use super::{Job, TargetConfig};
use crate::source::resolved;

impl Job {
    /// All settings that decide what a build holds, but for the limits of the component. Equal for all spellings of the
    /// same paths: relative, absolute, through links or from other folders.
    pub(crate) fn identity(&self) -> Value {
        json!({
            "table": self.table,
            "params": self.params,
            "range": self.range,
            "source": self.source.identity(),
            "target": self.target_id(),
            "decode": self.decode.deciding(),
        })
    }

    /// The name of the store, equal for all spellings of it. A build belongs to one store.
    pub fn target_id(&self) -> String {
        match &self.target {
            TargetConfig::Sqlite(sqlite) => format!("sqlite:{}", resolved(&sqlite.path).display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::job::Overrides;

    #[test]
    fn spellings_of_one_job_are_one_job() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("jobs");
        std::fs::create_dir_all(place.join("archive")).unwrap();
        std::os::unix::fs::symlink(&place, folder.path().join("link")).unwrap();
        let job = |file: PathBuf, archive: &str, database: &str| {
            let text = format!(
                "table = \"t\"\ncomponent = \"c.wasm\"\nsource.files.path = \"{archive}\"\ntarget.sqlite.path = \"{database}\""
            );
            Job::parse(&file, &text, &Overrides::default())
                .unwrap()
                .identity()
        };
        let one = job(place.join("job.toml"), "archive", "tables.db");
        let absolute = place.join("archive");
        for (file, archive, database) in [
            (place.join("./job.toml"), "archive", "tables.db"),
            (
                place.join("archive/../job.toml"),
                "./archive",
                "./new/../tables.db",
            ),
            (folder.path().join("link/job.toml"), "archive", "tables.db"),
            (
                place.join("copy.toml"),
                absolute.to_str().unwrap(),
                "tables.db",
            ),
        ] {
            assert_eq!(job(file, archive, database), one, "{archive} {database}");
        }
        for (archive, database) in [("archive/*.gz", "tables.db"), ("archive", "other.db")] {
            assert_ne!(job(place.join("job.toml"), archive, database), one);
        }
        let pattern = job(place.join("job.toml"), "archive/**/*.gz", "tables.db");
        let link = folder.path().join("link/job.toml");
        assert_eq!(job(link, "archive/./**/*.gz", "tables.db"), pattern);
    }
}
