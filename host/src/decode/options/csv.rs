//! The syntax of CSV.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::is_default;

/// The syntax of CSV: `[decode.csv]`. All of its characters are ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// The character between fields. `None`: a tab in objects named `.tsv`, a comma in others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The character around fields that contain a delimiter or the end of a line. Doubled, it stands for itself. `None`,
    /// an empty text in a job: quotes are text.
    #[serde(serialize_with = "quote_to_text", deserialize_with = "quote_from_text")]
    pub quote: Option<char>,
    /// The character that makes a delimiter, quote, line end or itself part of a field. Before any other character it is
    /// text.
    #[serde(skip_serializing_if = "is_default")]
    pub escape: Option<char>,
    /// Whether spaces and tabs around fields, and around their quotes, are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub trim: bool,
    /// The first character of lines that are no records.
    #[serde(skip_serializing_if = "is_default")]
    pub comment: Option<char>,
    /// Number of lines at the beginning of each object that are not read, empty ones included.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_lines: u32,
    /// Whether the first line of each object names its columns, after the lines that are skipped.
    pub header: bool,
    /// The names of the columns, if `header` is false.
    pub columns: Vec<String>,
    /// The texts of a null field; one of them stands alone in a job.
    #[serde(serialize_with = "one_or_all", deserialize_with = "one_or_more")]
    pub null: Vec<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: None,
            quote: Some('"'),
            escape: None,
            trim: false,
            comment: None,
            skip_lines: 0,
            header: true,
            columns: Vec::new(),
            null: vec![String::new()],
        }
    }
}

impl CsvOptions {
    /// The first setting that is not valid, and the reason.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let is_sign = |sign: char| sign.is_ascii() && sign != '\n' && sign != '\r';
        let is_delimiter = |sign: char| match self.delimiter {
            Some(delimiter) => sign == delimiter,
            None => sign == ',' || sign == '\t',
        };
        if self.delimiter.is_some_and(|sign| !is_sign(sign)) || self.quote.is_some_and(is_delimiter)
        {
            return Some((
                "csv.delimiter",
                "it is an ASCII character other than the quote",
            ));
        }
        if self.quote.is_some_and(|sign| !is_sign(sign)) {
            return Some((
                "csv.quote",
                "it is an ASCII character, or \"\" where quotes are text",
            ));
        }
        let is_own = |sign: char| is_sign(sign) && !is_delimiter(sign) && self.quote != Some(sign);
        if self.escape.is_some_and(|sign| !is_own(sign)) {
            return Some((
                "csv.escape",
                "it is an ASCII character other than the delimiter and the quote",
            ));
        }
        if self.comment.is_some_and(|sign| !is_own(sign)) {
            return Some((
                "csv.comment",
                "it is an ASCII character other than the delimiter and the quote",
            ));
        }
        if self.trim && self.delimiter == Some(' ') {
            return Some(("csv.trim", "spaces are the delimiter"));
        }
        if self.header != self.columns.is_empty() {
            return Some((
                "csv.columns",
                "they are named where `header = false`, and only there",
            ));
        }
        let names: HashSet<_> = self.columns.iter().collect();
        (names.len() < self.columns.len()).then_some(("csv.columns", "a name stands there twice"))
    }
}

fn quote_to_text<S: Serializer>(quote: &Option<char>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = quote.map(String::from);
    serializer.serialize_str(&text.unwrap_or_default())
}

fn quote_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<char>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut signs = text.chars();
    match (signs.next(), signs.next()) {
        (quote, None) => Ok(quote),
        (_, Some(_)) => Err(serde::de::Error::custom(
            "it is one character, or \"\" where quotes are text",
        )),
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "it is a text, or a list of texts")]
enum Texts {
    One(String),
    All(Vec<String>),
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::All(texts) => texts,
    })
}

fn one_or_all<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match texts {
        [one] => serializer.serialize_str(one),
        all => all.serialize(serializer),
    }
}
