//! Services: named sets of connection settings in `~/.pg_service.conf` and `pg_service.conf`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::keywords::{self, Keyword};
use super::surroundings::Surroundings;

/// The folder of the system's file where `PGSYSCONFDIR` does not name it: that of Debian's packages.
const SYSTEM_FOLDER: &str = "/etc/postgresql-common";

/// A setting of a service, and where it stands.
pub(super) type Setting = (&'static Keyword, String, String);

/// The settings of the service `name`: of the user's file, or else of the system's.
///
/// # Errors
/// The problem with the file or the name.
pub(super) fn read(name: &str, surroundings: &Surroundings) -> Result<Vec<Setting>, String> {
    let mut looked_in = Vec::new();
    for (path, must_be_there) in files(surroundings) {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_be_there => continue,
            Err(error) => return Err(format!("the service file {}: {error}", path.display())),
        };
        if let Some(settings) = parse(&path, &text, name)? {
            return Ok(settings);
        }
        looked_in.push(path.display().to_string());
    }
    Err(match looked_in.is_empty() {
        true => format!(
            "there is no service `{name}`: no service file is there (~/.pg_service.conf, or the file that PGSERVICEFILE names)"
        ),
        false => format!("there is no service `{name}` in {}", looked_in.join(", ")),
    })
}

/// The files in which services are looked for, and whether each must be there.
fn files(surroundings: &Surroundings) -> Vec<(PathBuf, bool)> {
    let mut files = Vec::new();
    match surroundings.variable("PGSERVICEFILE") {
        Some(path) => files.push((PathBuf::from(path), true)),
        None => files.extend(
            surroundings
                .at_home(".pg_service.conf")
                .map(|path| (path, false)),
        ),
    }
    let folder = surroundings
        .variable("PGSYSCONFDIR")
        .unwrap_or(SYSTEM_FOLDER);
    files.push((Path::new(folder).join("pg_service.conf"), false));
    files
}

/// The settings of the section `name` in the file's text; `None` where it has no such section.
fn parse(path: &Path, text: &str, name: &str) -> Result<Option<Vec<Setting>>, String> {
    let (mut found, mut is_inside) = (None, false);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            // The first section of a name counts.
            if found.is_some() {
                break;
            }
            is_inside = section.strip_suffix(']') == Some(name);
            if is_inside {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(settings) = found.as_mut().filter(|_| is_inside) else {
            continue;
        };
        let place = format!("{}:{number}", path.display());
        settings.push(setting(line, place)?);
    }
    Ok(found)
}

fn setting(line: &str, place: String) -> Result<Setting, String> {
    if line.starts_with("ldap") {
        return Err(format!("{place}: settings from LDAP are not supported"));
    }
    let (key, value) = line
        .split_once('=')
        .ok_or_else(|| format!("{place}: write `keyword=value`"))?;
    if key == "service" {
        return Err(format!("{place}: a service cannot name another one"));
    }
    let keyword = keywords::find(key).ok_or_else(|| {
        format!("{place}: `{key}` is no keyword of libpq, written without spaces")
    })?;
    Ok((keyword, value.to_owned(), place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# comment
[other]
host=elsewhere
nonsense here

  [mydb]
host=somehost
port=5433
user=admin
password=a=b # no comment
\t
[mydb]
host=second
[last]
dbname=x
";

    fn values(settings: &[Setting]) -> Vec<(&str, &str, &str)> {
        settings
            .iter()
            .map(|(keyword, value, place)| (keyword.name, value.as_str(), place.as_str()))
            .collect()
    }

    #[test]
    fn the_first_section_of_the_name_counts() {
        let found = parse(Path::new("f"), FILE, "mydb").unwrap().unwrap();
        assert_eq!(
            values(&found),
            [
                ("host", "somehost", "f:7"),
                ("port", "5433", "f:8"),
                ("user", "admin", "f:9"),
                ("password", "a=b # no comment", "f:10"),
            ]
        );
        assert!(parse(Path::new("f"), FILE, "none").unwrap().is_none());
        let last = parse(Path::new("f"), FILE, "last").unwrap().unwrap();
        assert_eq!(values(&last), [("dbname", "x", "f:15")]);
    }

    #[test]
    fn lines_that_cannot_be_read_are_named_without_their_values() {
        let problem = |line: &str| parse(Path::new("f"), &format!("[s]\n{line}\n"), "s").err();
        assert_eq!(problem("hunter2").unwrap(), "f:2: write `keyword=value`");
        assert!(
            problem("service=x")
                .unwrap()
                .contains("cannot name another")
        );
        assert!(problem("ldap://x").unwrap().contains("LDAP"));
        let unknown = problem("passwd=hunter2").unwrap();
        assert!(unknown.contains("`passwd` is no keyword"), "{unknown}");
        assert!(!unknown.contains("hunter2"));
    }

    #[test]
    fn the_users_file_comes_before_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        write("pg_service.conf", "[a]\nhost=system\n[b]\nhost=b\n");
        let user = write("user.conf", "[a]\nhost=user\n");
        write(".pg_service.conf", "[a]\nhost=home\n");
        let system = folder.path().display().to_string();
        let surroundings =
            |variables: &[(&str, &str)]| Surroundings::for_test(variables).with_home(folder.path());
        let host = |name: &str, surroundings: &Surroundings| {
            read(name, surroundings).map(|settings| settings[0].1.clone())
        };
        let both = surroundings(&[("PGSERVICEFILE", &user), ("PGSYSCONFDIR", &system)]);
        assert_eq!(host("a", &both).unwrap(), "user");
        assert_eq!(host("b", &both).unwrap(), "b");
        let problem = host("c", &both).unwrap_err();
        assert!(
            problem.contains(&user) && problem.contains("pg_service.conf"),
            "{problem}"
        );
        let home = surroundings(&[("PGSYSCONFDIR", &system)]);
        assert_eq!(host("a", &home).unwrap(), "home");
        let missing = surroundings(&[("PGSERVICEFILE", "/no/such/file")]);
        assert!(host("a", &missing).unwrap_err().contains("/no/such/file"));
    }
}
