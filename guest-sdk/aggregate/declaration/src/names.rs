//! Names of columns and inputs.

use crate::Column;
use crate::error::{Entry, Error};
use crate::field::Origin;

/// The longest name of a column in bytes, which is that of PostgreSQL.
const MAX_BYTES: usize = 63;

/// Checks the name of a column.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let mut bytes = name.bytes();
    let is_plain = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain || name.len() > MAX_BYTES {
        return Err(format!(
            "`{name}` is no name of a column: it has at most {MAX_BYTES} letters (a to z), digits and underscores, and \
             does not begin with a digit"
        ));
    }
    Ok(())
}

/// Refuses a column whose name another one has, capitals aside.
pub(crate) fn unique<'a>(
    columns: impl Iterator<Item = (&'a Column, &'a Entry)>,
) -> Result<(), Error> {
    let mut seen: Vec<(String, &Entry)> = Vec::new();
    for (column, entry) in columns {
        check(&column.name).map_err(|problem| Error::new(entry.clone(), problem))?;
        let name = column.name.to_ascii_lowercase();
        if let Some((_, other)) = seen.iter().find(|(taken, _)| *taken == name) {
            let problem = format!(
                "its column `{}` has the name of one of {other}; capitals do not count",
                column.name
            );
            return Err(Error::new(entry.clone(), problem));
        }
        seen.push((name, entry));
    }
    Ok(())
}

/// A name for each input, made of its origin, none twice.
pub(crate) fn of_inputs<'a>(origins: impl Iterator<Item = &'a Origin>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for origin in origins {
        let plain: String = origin
            .to_string()
            .trim_start_matches('$')
            .chars()
            .filter(|character| *character != '\\')
            .map(|character| match character.is_ascii_alphanumeric() {
                true => character,
                false => '_',
            })
            .take(MAX_BYTES - 8)
            .collect();
        let stem = match plain.bytes().next() {
            Some(b'0'..=b'9') | None => format!("_{plain}"),
            Some(_) => plain,
        };
        let is_taken = |name: &str| names.iter().any(|taken| taken.eq_ignore_ascii_case(name));
        let mut name = stem.clone();
        let mut number = 2;
        while is_taken(&name) {
            name = format!("{stem}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_get_names_of_their_own() {
        let paths = [
            "geo.country",
            "geo_country",
            "GEO\\.country",
            "0",
            "ü",
            "@ts",
        ];
        let origins: Vec<_> = paths
            .iter()
            .map(|path| Origin::Path((*path).to_owned()))
            .chain([Origin::RecordKey, Origin::Path("p".repeat(200))])
            .collect();
        let names = of_inputs(origins.iter());
        assert_eq!(
            names[..7],
            [
                "geo_country",
                "geo_country_2",
                "GEO_country_3",
                "_0",
                "_",
                "_ts",
                "record_key"
            ]
        );
        assert!(names.iter().all(|name| check(name).is_ok()), "{names:?}");
    }
}
