//! A declaration as parameters of the component, and back.

use crate::Source;
use crate::error::{Entry, Error};
use crate::lexer::{Token, quote, tokens};

impl Source {
    /// The declaration as parameters of the component `aggregate`: `where`, `reject`, `event_time`, `key` and `keep`,
    /// those that are written, with a line for each entry.
    pub fn to_params(&self) -> Vec<(String, String)> {
        let lines = |entries: Vec<String>| entries.join("\n");
        let only = self.only.iter().map(|(path, any_of)| {
            let values: Vec<_> = any_of.iter().map(|value| quote(value)).collect();
            format!("{} = {}", quote(path), values.join(" or "))
        });
        let reject = self
            .reject
            .iter()
            .map(|(condition, reason)| format!("{} = {}", quote(condition), quote(reason)));
        let columns = |columns: &[(String, String)]| {
            let columns = columns
                .iter()
                .map(|(name, text)| format!("{name} = {}", one_line(text)));
            lines(columns.collect())
        };
        let params = [
            ("where", lines(only.collect())),
            ("reject", lines(reject.collect())),
            (
                "event_time",
                one_line(self.event_time.as_deref().unwrap_or_default()),
            ),
            ("key", columns(&self.key)),
            ("keep", columns(&self.keep)),
        ];
        params
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_owned(), text))
            .collect()
    }

    /// Reads what [`to_params`](Source::to_params) writes, from the parameter of each name.
    ///
    /// # Errors
    /// The parameter that has another form.
    pub fn from_params(mut param: impl FnMut(&str) -> Option<String>) -> Result<Source, Error> {
        let only = entries("where", param("where"), |line| {
            let line = tokens(line).ok()?;
            let [
                Token::Word(path) | Token::Text(path),
                Token::Mark("="),
                values @ ..,
            ] = &line[..]
            else {
                return None;
            };
            let mut any_of = Vec::new();
            for (at, value) in values.iter().enumerate() {
                match value {
                    Token::Word(or) if at % 2 == 1 && or == "or" => {}
                    Token::Word(value) | Token::Text(value) if at % 2 == 0 => {
                        any_of.push(value.clone());
                    }
                    _ => return None,
                }
            }
            (values.len() % 2 == 1).then(|| (path.clone(), any_of))
        })?;
        let reject = entries("reject", param("reject"), |line| {
            match tokens(line).ok()?.as_slice() {
                [
                    Token::Text(condition),
                    Token::Mark("="),
                    Token::Text(reason),
                ] => Some((condition.clone(), reason.clone())),
                _ => None,
            }
        })?;
        let mut columns = |name: &'static str| {
            entries(name, param(name), |line| {
                let (column, text) = line.split_once('=')?;
                Some((column.trim().to_owned(), text.trim().to_owned()))
            })
        };
        let (key, keep) = (columns("key")?, columns("keep")?);
        Ok(Source {
            only,
            reject,
            event_time: param("event_time"),
            key,
            keep,
        })
    }
}

/// The lines of a parameter, each as an entry.
fn entries<T>(
    name: &str,
    text: Option<String>,
    entry: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Error> {
    let form = match name {
        "where" => "PATH = VALUE or VALUE",
        "reject" => "\"CONDITION\" = \"REASON\"",
        _ => "COLUMN = EXPRESSION",
    };
    let text = text.unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            entry(line).ok_or_else(|| {
                let problem =
                    format!("the line `{line}` of the parameter {name} is not of the form {form}");
                Error::new(Entry::Whole, problem)
            })
        })
        .collect()
}

/// An expression on one line: in it, a line break means no more than a space.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn parameters_are_read_as_they_were_written() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let source = Source {
            only: vec![
                (
                    "type".into(),
                    vec!["a \"b\"".into(), "or".into(), "".into()],
                ),
                ("x\\.y = z".into(), vec!["line\nbreak".into()]),
            ],
            reject: vec![
                pair("duration_ms < 0", "it is \"negative\""),
                pair("a = \"b\"", ""),
            ],
            event_time: Some("ts: epoch-seconds".into()),
            key: vec![pair("page", "page_id"), pair("day", "day_of(ts)")],
            keep: vec![pair("bought", "count where type = \"a\\nb\"")],
        };
        let params: BTreeMap<_, _> = source.to_params().into_iter().collect();
        assert_eq!(params["key"], "page = page_id\nday = day_of(ts)");
        let read = Source::from_params(|name| params.get(name).cloned());
        assert_eq!(read, Ok(source));
        let only = Source::from_params(|name| (name == "where").then(|| "type = a or b".into()));
        let any_of = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(only.unwrap().only, [("type".to_owned(), any_of)]);
    }

    #[test]
    fn other_forms_are_refused() {
        let said = |of: &str, text: &str| {
            Source::from_params(|name| (name == of).then(|| text.to_owned()))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            said("where", "type = a or"),
            "the line `type = a or` of the parameter where is not of the form PATH = VALUE or VALUE"
        );
        assert!(said("where", "type = a b").ends_with("VALUE or VALUE"));
        assert!(said("reject", "a < 0").ends_with("\"CONDITION\" = \"REASON\""));
        assert!(said("keep", "count").ends_with("COLUMN = EXPRESSION"));
    }
}
