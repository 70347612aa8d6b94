//! The job file of a generated project: that of the declaration, with the project's component.

use std::path::{Component, Path, PathBuf};

use toml_edit::{DocumentMut, Item, Value};

/// The settings of a job that are paths below its folder.
const PATHS: [&[&str]; 13] = [
    &["source", "files", "path"],
    &["source", "s3", "sse_c_key_file"],
    &["source", "s3", "ca_file"],
    &["source", "kafka", "properties_file"],
    &["target", "sqlite", "path"],
    &["target", "dynamodb", "ca_file"],
    &["target", "postgres", "passfile"],
    &["target", "postgres", "sslrootcert"],
    &["target", "postgres", "sslcert"],
    &["target", "postgres", "sslkey"],
    &["decode", "registry", "password_file"],
    &["decode", "registry", "token_file"],
    &["decode", "registry", "ca_file"],
];

/// The value of `sslrootcert` that is no path.
const NO_PATH: &str = "system";

/// The job with this text, for a project that lies at `folder` and has this component. Its comments stay, except those of
/// `[pipeline]`. Both folders are canonical.
///
/// # Errors
/// If the text is no TOML.
pub(super) fn rewritten(
    text: &str,
    job: &Path,
    folder: &Path,
    component: &str,
) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    document.remove("pipeline");
    let mut made = Value::from(component);
    made.decor_mut().set_prefix(" ");
    made.decor_mut()
        .set_suffix("   # `backfold build` makes it");
    document["component"] = Item::Value(made);
    match document.get_mut("work").and_then(Item::as_value_mut) {
        Some(work) => {
            let decor = work.decor().clone();
            *work = Value::from("work");
            *work.decor_mut() = decor;
        }
        None => document["work"] = toml_edit::value("work"),
    }
    let of_job = job.parent().unwrap_or(Path::new(""));
    let way = way(folder, of_job);
    for path in PATHS {
        // `Item::get_mut` would make the tables that are missing.
        let item = path.iter().try_fold(document.as_item_mut(), |item, key| {
            item.as_table_like_mut()?.get_mut(key)
        });
        let Some(value) = item.and_then(Item::as_value_mut) else {
            continue;
        };
        let Some(written) = value
            .as_str()
            .filter(|written| ![NO_PATH, ""].contains(written))
        else {
            continue;
        };
        // An absolute path stays as it is.
        let moved = way.join(written);
        let decor = value.decor().clone();
        *value = Value::from(moved.to_string_lossy().into_owned());
        *value.decor_mut() = decor;
    }
    let name = job.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!(
        "# The job of {}, with the component of this project in place of `aggregate`.\n{document}",
        name.replace(char::is_control, " ")
    ))
}

/// A job that folds the sample.
pub(super) fn of_sample(table: &str, component: &str, rejected: u64) -> String {
    let gate = match rejected {
        0 => String::new(),
        rejected => format!(
            "\n[gate]\nmax_quarantined = {rejected}         # of the sample, the pipeline rejects so many records\n"
        ),
    };
    format!(
        "# Folds the sample into a table of SQLite, to try the component.

table = \"{table}\"
component = \"{component}\"   # `backfold build` makes it
work = \".backfold/sample\"

[source.files]
path = \"events.jsonl\"

[target.sqlite]
path = \"sample.db\"
{gate}"
    )
}

/// The way from one folder to another: relative, unless they have no more than the root in common.
fn way(from: &Path, to: &Path) -> PathBuf {
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    if common <= 1 {
        return to.to_owned();
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Overrides};

    const JOB: &str = r#"# Page views.
table = "views"
component = "aggregate"     # part of backfold

# What is kept.
[pipeline]
key = { page = "page_id" }

[pipeline.keep]
views = "count"

[source.kafka]              # the topic
brokers = "broker.example:9092"
topics = "clicks"
properties_file = "client.properties"

[target.postgres]
url = "postgres://db.example/stats"
sslrootcert = "system"
sslcert = "/etc/cert.pem"

[decode]
format = "avro"
[decode.registry]
url = "https://registry.example"
token_file = "secrets/token"

[gate]
max_quarantined = 3
"#;

    #[test]
    fn a_job_keeps_all_but_its_pipeline() {
        let (job, folder) = (Path::new("/data/jobs/views.toml"), Path::new("/data/views"));
        let text = rewritten(JOB, job, folder, "views.wasm").unwrap();
        assert!(text.starts_with("# The job of views.toml,"), "{text}");
        assert!(
            text.contains("\n[source.kafka]              # the topic\n"),
            "{text}"
        );
        assert!(
            !text.contains("pipeline") && !text.contains("What is kept"),
            "{text}"
        );
        let load = |path: &Path, text: &str| Job::parse(path, text, &Overrides::default()).unwrap();
        let before = load(job, JOB);
        let after = load(&folder.join("job.toml"), &text);
        assert_eq!(after.component, folder.join("views.wasm"));
        assert_eq!(after.work, folder.join("work"));
        assert_eq!(after.gate, before.gate);
        assert_eq!(after.table, before.table);
        let registry = after.decode.registry.unwrap();
        assert_eq!(
            registry.token_file.unwrap(),
            folder.join("../jobs/secrets/token")
        );
        for written in [
            "\"../jobs/client.properties\"",
            "\"system\"",
            "\"/etc/cert.pem\"",
        ] {
            assert!(text.contains(written), "{text}");
        }
    }

    #[test]
    fn keys_that_are_dotted_or_inline_are_settings_as_well() {
        let text = "table = \"t\"\ncomponent = \"aggregate\"\nwork = \"../w\" # here\n\
                    pipeline.key.page = \"page\"\npipeline.keep = { n = \"count\" }\n\
                    source.files.path = \"archive/**/*.gz\"\ntarget = { sqlite = { path = \"tables.db\" } }\n";
        let job = Path::new("/data/jobs/views.toml");
        let text = rewritten(text, job, Path::new("/data/jobs/views"), "t.wasm").unwrap();
        assert!(text.contains("work = \"work\" # here\n"), "{text}");
        assert!(
            text.contains("source.files.path = \"../archive/**/*.gz\"\n"),
            "{text}"
        );
        assert!(
            !text.contains("registry") && !text.contains("kafka"),
            "{text}"
        );
        assert!(
            text.contains("{ sqlite = { path = \"../tables.db\" } }"),
            "{text}"
        );
        assert!(!text.contains("pipeline"), "{text}");
    }

    #[test]
    fn folders_without_a_common_place_are_named_from_the_root() {
        assert_eq!(way(Path::new("/a/b"), Path::new("/c")), Path::new("/c"));
        assert_eq!(way(Path::new("/a/b"), Path::new("/a")), Path::new(".."));
        assert_eq!(way(Path::new("/a"), Path::new("/a")), Path::new(""));
    }
}
