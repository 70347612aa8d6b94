//! The settings of a connection, put together as libpq does: the job, its service, the variables, the defaults.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::keywords::{self, Use};
use super::service;
use super::surroundings::Surroundings;
use super::url;
use crate::store::postgres::PostgresConfig;

/// Settings that name files, which are relative to the job's folder where the job has them.
const FILES: [&str; 4] = ["passfile", "sslrootcert", "sslcert", "sslkey"];

/// The value of `sslrootcert` that names no file.
pub(super) const SYSTEM: &str = "system";

/// The place where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This key of the job's section.
    Job(&'static str),
    /// A line of a service file, or a variable.
    Elsewhere(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Job(key) => write!(f, "`{key}` of the job"),
            Origin::Elsewhere(place) => f.write_str(place),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug)]
pub(super) struct Bad {
    name: &'static str,
    origin: Option<Origin>,
    problem: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, problem) = (self.name, &self.problem);
        match &self.origin {
            Some(Origin::Job(key)) if *key == name => write!(f, "`{name}` in the job: {problem}"),
            Some(origin) => write!(f, "`{name}` in {origin}: {problem}"),
            None => write!(f, "`{name}`: {problem}"),
        }
    }
}

impl From<Bad> for String {
    fn from(bad: Bad) -> Self {
        bad.to_string()
    }
}

impl Bad {
    /// The key of the job that has the setting, and the problem.
    pub(super) fn in_the_job(self) -> Problem {
        match self.origin {
            Some(Origin::Job("url")) => ("url", format!("`{}`: {}", self.name, self.problem)),
            _ => (self.name, self.problem),
        }
    }
}

/// A value, and where it was set. It may be a password, so it is not shown.
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// All keywords that are set, each with the value that counts.
pub(super) struct Settings(HashMap<&'static str, Setting>);

/// A key of the job's section, and the problem with it.
pub(super) type Problem = (&'static str, String);

impl Settings {
    /// Those of the job alone.
    ///
    /// # Errors
    /// A URL that is not one, a password in it, a keyword that is set twice.
    pub(super) fn of_the_job(config: &PostgresConfig) -> Result<Self, Problem> {
        let mut all = HashMap::new();
        if let Some(text) = &config.url {
            let found = url::parse(text).map_err(|problem| ("url", problem))?;
            for (name, value) in found {
                let keyword = keywords::find(name);
                if let Some(Err(problem)) = keyword.map(|keyword| keyword.check(&value)) {
                    return Err(("url", format!("`{name}`: {problem}")));
                }
                all.insert(name, Setting::of_the_job(name, value, "url", config));
            }
        }
        for (name, value) in own(config) {
            let Some(value) = value else { continue };
            if all.contains_key(name) {
                return Err((name, "`url` sets it too: keep one of them".to_owned()));
            }
            all.insert(name, Setting::of_the_job(name, value, name, config));
        }
        Ok(Settings(all))
    }

    /// Those of the job, its service and the variables.
    ///
    /// # Errors
    /// The problem with any of them, and its place.
    pub(super) fn of(config: &PostgresConfig, around: &Surroundings) -> Result<Self, String> {
        let own = Settings::of_the_job(config);
        let mut all = own.map_err(|(key, problem)| format!("`{key}` in the job: {problem}"))?;
        let name = config.service.as_deref().or(around.variable("PGSERVICE"));
        if let Some(name) = name {
            for (keyword, value, place) in service::read(name, around)? {
                all.add(keyword, &value, place)?;
            }
        }
        for keyword in keywords::ALL {
            let Some(variable) = keyword.variable else {
                continue;
            };
            if let Some(value) = around.variable(variable) {
                all.add(keyword, value, variable.to_owned())?;
            }
        }
        Ok(all)
    }

    /// Adds a value from further down, where nothing further up has set the keyword.
    fn add(
        &mut self,
        keyword: &keywords::Keyword,
        value: &str,
        place: String,
    ) -> Result<(), String> {
        if keyword.becomes == Use::Ignored || self.0.contains_key(keyword.name) {
            return Ok(());
        }
        keyword
            .check(value)
            .map_err(|problem| format!("`{}` in {place}: {problem}", keyword.name))?;
        let (value, origin) = (value.to_owned(), Origin::Elsewhere(place));
        self.0.insert(keyword.name, Setting { value, origin });
        Ok(())
    }

    /// A keyword's value, if it is set and not empty: libpq takes an empty one for the default.
    pub(super) fn get(&self, name: &str) -> Option<&Setting> {
        self.0.get(name).filter(|setting| !setting.value.is_empty())
    }

    /// The value of a keyword as `parse` reads it.
    ///
    /// # Errors
    /// The problem that `parse` has, with the keyword and its place.
    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Bad> {
        let Some(setting) = self.get(name) else {
            return Ok(None);
        };
        let parsed = parse(&setting.value);
        Ok(Some(parsed.map_err(|problem| self.bad(name, problem))?))
    }

    /// The problem with a keyword's value.
    pub(super) fn bad(&self, name: &'static str, problem: impl Into<String>) -> Bad {
        Bad {
            name,
            origin: self.get(name).map(|setting| setting.origin.clone()),
            problem: problem.into(),
        }
    }

    /// A keyword's value as a path.
    pub(super) fn path(&self, name: &'static str) -> Option<PathBuf> {
        Some(PathBuf::from(&self.get(name)?.value))
    }
}

impl Setting {
    fn of_the_job(name: &str, value: String, key: &'static str, config: &PostgresConfig) -> Self {
        let is_file = FILES.contains(&name) && value != SYSTEM && !value.is_empty();
        let value = match config.folder.join(&value).to_str() {
            Some(path) if is_file => path.to_owned(),
            _ => value,
        };
        Setting {
            value,
            origin: Origin::Job(key),
        }
    }
}

/// The keywords that are settings of their own in a job. `connect_timeout`, a duration, is not among them.
fn own(config: &PostgresConfig) -> [(&'static str, Option<String>); 12] {
    let path = |path: &Option<PathBuf>| {
        let path = path.as_deref().and_then(Path::to_str);
        path.map(str::to_owned)
    };
    [
        ("host", config.host.clone()),
        ("port", config.port.clone()),
        ("dbname", config.dbname.clone()),
        ("user", config.user.clone()),
        ("passfile", path(&config.passfile)),
        ("sslmode", config.sslmode.map(|mode| mode.to_string())),
        ("sslrootcert", path(&config.sslrootcert)),
        ("sslcert", path(&config.sslcert)),
        ("sslkey", path(&config.sslkey)),
        (
            "channel_binding",
            config.channel_binding.map(|binding| binding.to_string()),
        ),
        (
            "target_session_attrs",
            config.target_session_attrs.map(|attrs| attrs.to_string()),
        ),
        ("application_name", config.application_name.clone()),
    ]
}
