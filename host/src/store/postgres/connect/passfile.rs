//! Password files: lines `host:port:dbname:user:password`, of which the first that fits counts.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a password is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: &'a str,
    pub(super) user: &'a str,
}

/// The outcome of a look into a password file.
#[derive(PartialEq, Eq)]
pub(super) enum Found {
    /// The password.
    Password(Vec<u8>),
    /// The file has no line for this login, or is not there.
    Nothing,
    /// The file is not used, for this reason.
    Ignored(String),
}

/// Looks for the password of `login` in the file at `path`.
pub(super) fn look_up(path: &Path, login: Login<'_>) -> Found {
    let ignored = |why: &str| {
        Found::Ignored(format!(
            "the password file {} is ignored: {why}",
            path.display()
        ))
    };
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return ignored(&error.to_string()),
    };
    if !found.is_file() {
        return ignored("it is not a plain file");
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return ignored(&format!(
            "others may use it, its permissions are {mode:04o}: `chmod 0600` it"
        ));
    }
    match fs::read(path) {
        Ok(content) => match search(&content, login) {
            Some(password) => Found::Password(password),
            None => Found::Nothing,
        },
        Err(error) => ignored(&error.to_string()),
    }
}

/// The password in the first line for `login`.
fn search(content: &[u8], login: Login<'_>) -> Option<Vec<u8>> {
    let port = login.port.to_string();
    let wanted = [login.host, &port, login.dbname, login.user];
    content.split(|byte| *byte == b'\n').find_map(|line| {
        let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
        if rest.first() == Some(&b'#') {
            return None;
        }
        for wanted in wanted {
            let (field, behind) = field(rest)?;
            rest = behind;
            if field != Field::Any && field != Field::Text(wanted.as_bytes().to_vec()) {
                return None;
            }
        }
        let password = unescaped(rest);
        Some(password).filter(|password| !password.is_empty())
    })
}

#[derive(PartialEq, Eq)]
enum Field {
    Any,
    Text(Vec<u8>),
}

/// The field before the first colon that is not escaped, and what comes behind it.
fn field(line: &[u8]) -> Option<(Field, &[u8])> {
    let mut end = 0;
    while *line.get(end)? != b':' {
        // A backslash and what it escapes.
        end += if line[end] == b'\\' { 2 } else { 1 };
    }
    let field = match &line[..end] {
        b"*" => Field::Any,
        text => Field::Text(unescaped(text)),
    };
    Some((field, &line[end + 1..]))
}

/// The text without the backslashes that escape; one at the end stands for itself.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter().copied().peekable();
    let mut unescaped = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let escaped = match byte {
            b'\\' => bytes.next().unwrap_or(byte),
            byte => byte,
        };
        unescaped.push(escaped);
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Login<'static> = Login {
        host: "db.example",
        port: 5432,
        dbname: "stats",
        user: "ann",
    };

    fn found(content: &str) -> Option<String> {
        let password = search(content.as_bytes(), LOGIN)?;
        Some(String::from_utf8(password).unwrap())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let content = "\
# db.example:5432:stats:ann:commented
db.example:5433:stats:ann:other port
db.example:5432:other:ann:other database
db.example:5432:stats:bob:other user
other:5432:stats:ann:other host
*:*:stats:ann:first
db.example:5432:stats:ann:second
";
        assert_eq!(found(content).as_deref(), Some("first"));
        assert_eq!(
            found("db.example:5432:stats:ann:x\r\n").as_deref(),
            Some("x")
        );
        assert_eq!(found("*:*:*:*:x").as_deref(), Some("x"));
        assert_eq!(found("db.example:5432:stats:ann"), None);
        assert_eq!(
            found("db.example:5432:stats:ann:\n*:*:*:*:y").as_deref(),
            Some("y")
        );
        // Only an asterisk that is alone stands for everything.
        assert_eq!(found("db.*:5432:stats:ann:x"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        assert_eq!(found(r"*:*:*:ann:a\:b\\c:d\").as_deref(), Some(r"a:b\c:d\"));
        let v6 = Login {
            host: "::1",
            user: r"a\b:c",
            ..LOGIN
        };
        let line = br"\:\:1:5432:stats:a\\b\:c:secret";
        assert_eq!(search(line, v6).as_deref(), Some(b"secret".as_slice()));
        let star = br"\*:*:*:*:x";
        assert_eq!(search(star, LOGIN), None);
        assert_eq!(
            search(star, Login { host: "*", ..LOGIN }).as_deref(),
            Some(b"x".as_slice())
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        assert!(look_up(&path, LOGIN) == Found::Nothing);
        fs::write(&path, "*:*:*:*:x").unwrap();
        let with_mode = |mode: u32| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            look_up(&path, LOGIN)
        };
        for mode in [0o600, 0o400, 0o700] {
            assert!(
                with_mode(mode) == Found::Password(b"x".to_vec()),
                "{mode:o}"
            );
        }
        for mode in [0o640, 0o604, 0o610, 0o602] {
            let Found::Ignored(why) = with_mode(mode) else {
                panic!("{mode:o} is used");
            };
            assert!(
                why.contains(&format!("{mode:04o}")) && why.contains("chmod 0600"),
                "{why}"
            );
        }
        let Found::Ignored(why) = look_up(folder.path(), LOGIN) else {
            panic!("a folder is used");
        };
        assert!(why.contains("not a plain file"), "{why}");
    }
}
