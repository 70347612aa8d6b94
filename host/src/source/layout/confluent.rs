//! Keys that Confluent's S3 sink writes: `topics/<topic>/partition=<p>/<topic>+<p>+<offset>.<ext>`.
//!
//! Instead of the partition's folder, other partitioners write `year=2026/month=01/day=31/hour=05`, or the folders that
//! `path.format` gives, or fields of the records as `name=value`. Such fields are columns.

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

use super::folders;
use super::hive;
use super::key::Key;
use super::key_fields::KeyFields;
use super::pattern::{Part, Token, name_fields};
use super::template::{Fault, Template, Tokens};
use crate::source::EventRange;

/// The settings of the layout `confluent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Confluent {
    /// The `path.format` of the connector, if it is not `'year'=YYYY/'month'=MM/'day'=dd` with or without the hour.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "path_format"
    )]
    pub path: Option<Template>,
    /// The `timezone` of the connector.
    #[serde(skip_serializing_if = "super::calendar::is_utc")]
    pub time_zone: Tz,
    /// The `file.delim` of the connector; `+` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
}

impl Confluent {
    /// The text between topic, partition and offset.
    pub(super) fn delimiter(&self) -> &str {
        self.delimiter.as_deref().unwrap_or("+")
    }

    pub(super) fn span(&self, key: &Key<'_>) -> Option<EventRange> {
        if let Some(path) = &self.path {
            return path.pattern().span(key, self.time_zone);
        }
        let columns = key
            .folders
            .iter()
            .filter_map(|folder| folder.split_once('='));
        folders::date_by_names(columns).span(self.time_zone)
    }

    pub(super) fn key_fields(&self, key: &Key<'_>) -> Option<KeyFields> {
        let name = log_name(self.delimiter(), Token::Ending);
        let key_fields = name_fields(&name, key.name?)?;
        // Only the default partitioner writes all records of a partition to one folder.
        let own_folder = key_fields
            .partition
            .map(|partition| format!("partition={partition}"));
        Some(KeyFields {
            columns: hive::columns(key),
            scattered: key.folders.last().map(|folder| folder.to_string()) != own_folder,
            ..key_fields
        })
    }
}

/// The pattern of an object's name: topic, partition and first offset with a delimiter between them, then `ending`.
pub(super) fn log_name(delimiter: &str, ending: Token) -> Vec<Token> {
    let delimiter = || Token::Text(delimiter.to_owned());
    vec![
        Token::Topic,
        delimiter(),
        Token::Partition,
        delimiter(),
        Token::Offset,
        ending,
    ]
}

fn path_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Template>, D::Error> {
    Template::deserialize_as(deserializer, |text| {
        let mut tokens = vec![(1, Token::Folders), (1, Token::Slash)];
        tokens.extend(joda(text)?);
        let end = text.chars().count() + 1;
        tokens.extend([(end, Token::Slash), (end, Token::Anything)]);
        Ok(tokens)
    })
}

/// Splits a Joda-Time format into tokens: letters are fields, and text is quoted.
fn joda(text: &str) -> Result<Tokens, Fault> {
    let mut tokens = Tokens::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text[..text.len() - rest.len()].chars().count() + 1;
        let length = match first {
            '/' => {
                tokens.push((at, Token::Slash));
                1
            }
            '\'' => {
                let end = rest[1..]
                    .find('\'')
                    .ok_or_else(|| (at, "the quote is not closed".to_owned()))?;
                // Two quotes stand for one.
                let quoted = if end == 0 { "'" } else { &rest[1..=end] };
                for (number, name) in quoted.split('/').enumerate() {
                    if number > 0 {
                        tokens.push((at, Token::Slash));
                    }
                    if !name.is_empty() {
                        tokens.push((at, Token::Text(name.to_owned())));
                    }
                }
                end + 2
            }
            letter if letter.is_ascii_alphabetic() => {
                let length = rest.find(|other| other != letter).unwrap_or(rest.len());
                let part = match &rest[..length] {
                    "YYYY" | "yyyy" => Part::Year,
                    "YY" | "yy" => Part::ShortYear,
                    "MM" => Part::Month,
                    "dd" => Part::Day,
                    "HH" => Part::Hour,
                    "mm" => Part::Minute,
                    other => {
                        return Err((
                            at,
                            format!("`{other}` is not one of `YYYY`, `MM`, `dd`, `HH` and `mm`"),
                        ));
                    }
                };
                tokens.push((at, Token::Time(part)));
                length
            }
            _ => {
                let is_text = |c: char| c != '/' && c != '\'' && !c.is_ascii_alphabetic();
                let length = rest.find(|c| !is_text(c)).unwrap_or(rest.len());
                tokens.push((at, Token::Text(rest[..length].to_owned())));
                length
            }
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::source::layout::Layout;
    use crate::source::layout::tests::{layout, shown, shown_named};

    #[test]
    fn names_of_the_connector_are_read() {
        let plus = layout(json!("confluent"));
        let minus = layout(json!({ "confluent": { "delimiter": "-" } }));
        for (layout, key, expected) in [
            (
                &plus,
                "topics/clicks/partition=0/clicks+0+0000000000.avro",
                "clicks/0@0 partition=0",
            ),
            (
                &plus,
                "topics/clicks/partition=12/clicks+12+0000123456.json.gz",
                "clicks/12@123456 partition=12",
            ),
            (
                &plus,
                "topics/a+b.c-d_e/partition=1/a+b.c-d_e+1+0000000042.snappy.parquet",
                "a+b.c-d_e/1@42 partition=1",
            ),
            // An offset of more than ten digits is not padded.
            (
                &plus,
                "topics/t/partition=1/t+1+12345678901.bin",
                "t/1@12345678901 partition=1",
            ),
            (
                &plus,
                "data/clicks/country=DE/clicks+3+0000000007.json",
                "clicks/3@7 country=DE",
            ),
            (
                &minus,
                "topics/page-views-2/partition=3/page-views-2-3-0000000007.json",
                "page-views-2/3@7 partition=3",
            ),
            (
                &plus,
                "topics/clicks/partition=0/clicks-0-0000000000.avro",
                "nothing",
            ),
            (
                &plus,
                "topics/clicks/partition=0/clicks+0+0000000000",
                "clicks/0@0 partition=0",
            ),
            (
                &plus,
                "topics/clicks/partition=0/clicks+0+00000x.avro",
                "nothing",
            ),
            (&plus, "topics/t/partition=1/t+99999999999+0.bin", "nothing"),
            (&plus, "topics/clicks/_SUCCESS", "nothing"),
        ] {
            assert_eq!(shown_named(layout, key), expected, "{key}");
        }
    }

    #[test]
    fn time_of_the_partitioners_is_read() {
        let name = "clicks+0+0000000000.json";
        let hour = Some("1h from 2026-01-31T05:00:00Z");
        let day = Some("24h from 2026-01-31T00:00:00Z");
        for (settings, folders, expected) in [
            (json!({}), "year=2026/month=01/day=31/hour=05", hour),
            (json!({}), "year=2026/month=01/day=31", day),
            (json!({}), "country=DE/year=2026/month=01/day=31", day),
            (json!({}), "partition=2026", None),
            // A field may hold a date that is not the time of the record.
            (json!({}), "born=1999-12-31", None),
            (
                json!({ "path": "'dt'=YYYY-MM-dd/'hour'=HH" }),
                "dt=2026-01-31/hour=05",
                hour,
            ),
            (
                json!({ "path": "'dt='yyyyMMdd'/h'HH" }),
                "dt=20260131/h05",
                hour,
            ),
            (json!({ "path": "YYYY/MM/dd/HH" }), "2026/01/31/05", hour),
            (
                json!({ "path": "YYYY/MM/dd/HH" }),
                "country=DE/2026/01/31/05",
                hour,
            ),
            (
                json!({ "path": "YYYY/MM/dd/HH" }),
                "1999/12/2026/01/31/05",
                hour,
            ),
            (json!({ "path": "YYYY/MM/dd/HH" }), "partition=0", None),
        ] {
            let layout = layout(json!({ "confluent": settings }));
            let key = format!("topics/clicks/{folders}/{name}");
            assert_eq!(shown(&layout, &key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn an_error_in_a_format_has_a_position() {
        let errors: Vec<String> = ["'year=YYYY", "YYYY/M/d", "YYYY//MM", "", "YYYY/MM/"]
            .into_iter()
            .map(|path| {
                let written = json!({ "confluent": { "path": path } });
                serde_json::from_value::<Layout>(written)
                    .expect_err(path)
                    .to_string()
            })
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `'year=YYYY` at character 1: the quote is not closed
        `YYYY/M/d` at character 6: `M` is not one of `YYYY`, `MM`, `dd`, `HH` and `mm`
        `YYYY//MM` at character 6: a name is missing before the `/`
        `` at character 1: a name is missing before the `/`
        `YYYY/MM/` at character 9: a name is missing before the `/`
        ");
    }
}
