//! Connection URIs as libpq has them: `postgresql://user@host:port,host:port/dbname?keyword=value`.

use percent_encoding::percent_decode_str;

use super::keywords;
use crate::store::postgres::config::NO_PASSWORD;

/// The schemes; both mean the same.
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// The keywords and values in a URI, in their order. A keyword that it names twice has its last value.
///
/// # Errors
/// The problem, without any part of the URI that may be a password.
pub(super) fn parse(uri: &str) -> Result<Vec<(&'static str, String)>, String> {
    let rest = SCHEMES
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .ok_or("it does not begin with `postgres://`")?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, dbname) = match rest.split_once('/') {
        Some((authority, dbname)) => (authority, dbname),
        None => (rest, ""),
    };
    let mut found = Vec::new();
    let mut set = |name: &'static str, value: String| found.push((name, value));
    // A host has no `@`; a password that is not encoded may have one.
    let hosts = match authority.rsplit_once('@') {
        Some((user, hosts)) => {
            let (user, password) = match user.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (user, None),
            };
            if !user.is_empty() {
                set("user", decoded(user, "user")?);
            }
            if password.is_some_and(|password| !password.is_empty()) {
                return Err(NO_PASSWORD.to_owned());
            }
            hosts
        }
        None => authority,
    };
    if !hosts.is_empty() {
        let (hosts, ports) = places(hosts)?;
        set("host", hosts);
        set("port", ports);
    }
    if !dbname.is_empty() {
        set("dbname", decoded(dbname, "database")?);
    }
    for pair in query.unwrap_or_default().split('&') {
        if !pair.is_empty() {
            found.push(parameter(pair)?);
        }
    }
    Ok(found)
}

/// One `keyword=value` of the query.
fn parameter(pair: &str) -> Result<(&'static str, String), String> {
    let (name, value) = pair
        .split_once('=')
        .ok_or_else(|| format!("`{pair}` lacks a value: write `keyword=value`"))?;
    let name = decoded(name, "keyword")?;
    // As JDBC has it, and libpq for its sake.
    if name == "ssl" {
        return match value {
            "true" => Ok(("sslmode", "require".to_owned())),
            _ => Err("`ssl` can only be `true`: write `sslmode` instead".to_owned()),
        };
    }
    if name == "service" {
        return Err("`service` is a setting of its own beside `url`".to_owned());
    }
    let keyword =
        keywords::find(&name).ok_or_else(|| format!("`{name}` is no keyword of libpq"))?;
    if keyword.is_secret() {
        return Err(NO_PASSWORD.to_owned());
    }
    Ok((keyword.name, decoded(value, keyword.name)?))
}

/// The hosts and the ports in `host:port,host:port`, each list with as many commas.
fn places(text: &str) -> Result<(String, String), String> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in text.split(',') {
        let (host, port) = match place.strip_prefix('[') {
            Some(address) => {
                let (address, port) = address
                    .split_once(']')
                    .ok_or("an IPv6 address lacks its `]`")?;
                let port = match port {
                    "" => "",
                    port => port
                        .strip_prefix(':')
                        .ok_or("behind `]` comes `:` and the port, or nothing")?,
                };
                (address, port)
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        let host = decoded(host, "host")?;
        if host.contains(',') {
            return Err("a host contains a comma".to_owned());
        }
        hosts.push(host);
        ports.push(decoded(port, "port")?);
    }
    Ok((hosts.join(","), ports.join(",")))
}

fn decoded(text: &str, what: &str) -> Result<String, String> {
    let bad = text
        .split('%')
        .skip(1)
        .any(|code| code.len() < 2 || !code.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if bad {
        return Err(format!(
            "the {what} has a `%` without two hexadecimal digits behind it: write `%25` for the sign itself"
        ));
    }
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| format!("the {what} is not UTF-8"))?;
    match decoded.contains('\0') {
        true => Err(format!("the {what} contains a zero byte")),
        false => Ok(decoded.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(uri: &str) -> Vec<(&'static str, String)> {
        parse(uri).unwrap()
    }

    fn set(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn uris_as_libpq_documents_them() {
        assert_eq!(parsed("postgresql://"), set(&[]));
        assert_eq!(
            parsed("postgresql://localhost"),
            set(&[("host", "localhost"), ("port", "")])
        );
        assert_eq!(
            parsed("postgresql://localhost:5433"),
            set(&[("host", "localhost"), ("port", "5433")])
        );
        assert_eq!(
            parsed("postgresql://localhost/mydb"),
            set(&[("host", "localhost"), ("port", ""), ("dbname", "mydb")])
        );
        assert_eq!(
            parsed(
                "postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp"
            ),
            set(&[
                ("user", "other"),
                ("host", "localhost"),
                ("port", ""),
                ("dbname", "otherdb"),
                ("connect_timeout", "10"),
                ("application_name", "myapp"),
            ])
        );
        assert_eq!(
            parsed("postgres://host1:123,host2:456/somedb?target_session_attrs=any"),
            set(&[
                ("host", "host1,host2"),
                ("port", "123,456"),
                ("dbname", "somedb"),
                ("target_session_attrs", "any"),
            ])
        );
        assert_eq!(
            parsed("postgresql:///mydb?host=localhost&port=5433"),
            set(&[("dbname", "mydb"), ("host", "localhost"), ("port", "5433")])
        );
        assert_eq!(
            parsed("postgresql://[2001:db8::1234]:5433/database"),
            set(&[
                ("host", "2001:db8::1234"),
                ("port", "5433"),
                ("dbname", "database")
            ])
        );
        assert_eq!(
            parsed("postgresql:///dbname?host=/var/lib/postgresql"),
            set(&[("dbname", "dbname"), ("host", "/var/lib/postgresql")])
        );
        assert_eq!(
            parsed("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname"),
            set(&[
                ("host", "/var/lib/postgresql"),
                ("port", ""),
                ("dbname", "dbname")
            ])
        );
        assert_eq!(
            parsed("postgres://h?ssl=true&options=-c%20a%3Db"),
            set(&[
                ("host", "h"),
                ("port", ""),
                ("sslmode", "require"),
                ("options", "-c a=b"),
            ])
        );
        assert_eq!(
            parsed("postgres://ann%40corp:@h/d"),
            set(&[
                ("user", "ann@corp"),
                ("host", "h"),
                ("port", ""),
                ("dbname", "d")
            ])
        );
    }

    #[test]
    fn passwords_are_refused_and_not_repeated() {
        for uri in [
            "postgres://user:hunter2@host/db",
            "postgres://user:hunter2@more@host/db",
            "postgres://user:%68unter2@host/db",
            "postgres://host/db?password=hunter2",
            "postgres://host/db?user=a&sslpassword=hunter2",
            "postgres://host/db?p%61ssword=hunter2",
        ] {
            let problem = parse(uri).unwrap_err();
            assert_eq!(problem, NO_PASSWORD, "{uri}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |uri: &str| parse(uri).unwrap_err();
        assert!(problem("mysql://host").contains("does not begin with `postgres://`"));
        assert!(problem("host=a dbname=b").contains("does not begin with"));
        assert!(problem("postgres://h/d?sslmod=require").contains("`sslmod` is no keyword"));
        assert!(problem("postgres://h/d?sslmode").contains("lacks a value"));
        assert!(problem("postgres://[::1/d").contains("lacks its `]`"));
        assert!(problem("postgres://[::1]5432/d").contains("behind `]`"));
        assert!(problem("postgres://h/a%2").contains("write `%25`"));
        assert!(problem("postgres://h/a%zz").contains("write `%25`"));
        assert!(problem("postgres://h/%ff").contains("not UTF-8"));
        assert!(problem("postgres://h/a%00b").contains("zero byte"));
        assert!(problem("postgres://h/d?ssl=yes").contains("`sslmode`"));
        assert!(problem("postgres://h/d?service=x").contains("beside `url`"));
    }
}
