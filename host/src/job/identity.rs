//! The identity of a job: its input and its target, independent of how the job file writes their paths.

use serde_json::{Value, json};

use super::{Job, TargetConfig};
use crate::source::resolved;

impl Job {
    /// All settings that determine the content of a build, without the limits of the component. Different ways to write the
    /// same path (relative, absolute, through links, from other folders) give the same identity.
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

    /// The identity of the store, independent of how its path is written. A build belongs to one store. That of a server is
    /// host, port, database and schema, wherever they are set; the user is not part of it.
    pub fn target_id(&self) -> String {
        match &self.target {
            TargetConfig::Sqlite(sqlite) => format!("sqlite:{}", resolved(&sqlite.path).display()),
            TargetConfig::Postgres(postgres) => {
                format!("postgres:{}/{}", postgres.place(), postgres.schema)
            }
            TargetConfig::DynamoDb(dynamodb) => dynamodb.id(),
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
