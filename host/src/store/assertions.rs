//! Questions in SQL about the tables of builds, for stores that speak it.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{BuildInfo, StoreError};

/// Asks a database about the tables of builds, for [`StateStore::assertions`](super::StateStore::assertions).
///
/// # Contract
/// - A question changes nothing: the database refuses to write for it, whatever it says.
/// - It reads one snapshot, and ends after its time limit.
/// - What the database says about it is an [`Answer`], also where it refuses it. An error is for what keeps the database
///   from answering any question: a lost connection, a cancellation.
#[async_trait]
pub trait Assertions: Send + Sync {
    /// Asks one question.
    ///
    /// # Errors
    /// [`StoreError::UnknownBuild`] and [`StoreError::WrongState`] for a build whose table is not there;
    /// [`StoreError::Cancelled`]; where the database cannot be reached.
    async fn ask(&self, question: &Question) -> Result<Answer, StoreError>;
}

/// A question about one or two builds of a table.
#[derive(Clone, Debug)]
pub struct Question {
    /// One statement that gives rows.
    pub sql: SqlTemplate,
    /// The build whose table `{shadow}` stands for.
    pub shadow: BuildInfo,
    /// The build whose table `{live}` stands for. Only a question without `{live}` can be asked without it.
    pub live: Option<BuildInfo>,
    /// The longest time that the database may take.
    pub timeout: Duration,
}

impl Question {
    /// The call in words, for errors.
    pub(super) fn doing(&self) -> String {
        format!(
            "asking `{}` about build {}",
            shown(self.sql.text()),
            self.shadow.build
        )
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// One row of one column.
    Value(Scalar),
    /// Anything else, in words: no row or several, several columns, an error of the database, no answer in time.
    Unusable(String),
}

/// A value, as far as an assertion needs to know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// No value.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A number: as a float, and as the database wrote it.
    Number(f64, String),
    /// A value of another type, in words of at most a line: `the text "/a"`.
    Other(String),
}

impl Answer {
    /// The answer to a statement that does not give one column.
    pub(super) fn of_columns(columns: usize) -> Option<Self> {
        let what = match columns {
            1 => return None,
            0 => "it is no query: it gives no rows".to_owned(),
            several => format!("it gives {several} columns, and one is wanted"),
        };
        Some(Answer::Unusable(what))
    }

    /// The answer to a question that gave no row.
    pub(super) fn no_row() -> Self {
        Answer::Unusable("it gave no row, and one is wanted".to_owned())
    }

    /// The answer to a question that gave more than one row.
    pub(super) fn several_rows() -> Self {
        Answer::Unusable("it gave several rows, and one is wanted".to_owned())
    }

    /// The answer to a question with `{live}` about a build alone.
    pub(super) fn no_live() -> Self {
        Answer::Unusable("it needs the live table, and nothing is live".to_owned())
    }

    /// The answer to a question that the database was not done with in time.
    pub(super) fn late(timeout: Duration) -> Self {
        let limit = humantime::format_duration(timeout);
        Answer::Unusable(format!(
            "it had no answer after {limit}, the limit of `gate.check_timeout`"
        ))
    }

    /// The answer to a question that the database refused with this message.
    pub(super) fn refused(message: &str) -> Self {
        Answer::Unusable(format!("the database refused it: {}", shown(message)))
    }
}

impl Scalar {
    /// A value of a type that is neither truth value nor number.
    pub(super) fn other(kind: &str, text: &str) -> Self {
        Scalar::Other(format!("the {kind} {:?}", shown(text)))
    }
}

/// The most characters of a text that comes from the database.
const SHOWN: usize = 300;

/// A text of the database on one line, cut.
fn shown(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = line.clone().take(SHOWN).collect();
    if line.count() > SHOWN {
        cut.push('…');
    }
    cut
}

/// A statement of SQL with the placeholders `{shadow}` and `{live}`, which stand for quoted names of tables. `{{` and `}}`
/// stand for braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SqlTemplate {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Shadow,
    Live,
}

impl SqlTemplate {
    /// The statement as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it needs the live table.
    pub fn needs_live(&self) -> bool {
        self.pieces.contains(&Piece::Live)
    }

    /// The statement about tables of these names, which are quoted; `None` if it needs a live one that is not given.
    pub fn about(&self, shadow: &str, live: Option<&str>) -> Option<String> {
        let mut sql = String::with_capacity(self.text.len() + shadow.len());
        for piece in &self.pieces {
            sql.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Shadow => shadow,
                Piece::Live => live?,
            });
        }
        Some(sql)
    }
}

impl From<SqlTemplate> for String {
    fn from(template: SqlTemplate) -> Self {
        template.text
    }
}

impl TryFrom<String> for SqlTemplate {
    type Error = String;

    /// # Errors
    /// An empty statement, another placeholder, or a brace without its fellow, in words.
    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the statement is empty".to_owned());
        }
        let mut pieces = Vec::new();
        let (mut plain, mut rest) = (String::new(), text.as_str());
        while let Some(place) = rest.find(['{', '}']) {
            plain.push_str(&rest[..place]);
            rest = &rest[place..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let name = rest
                .strip_prefix('{')
                .and_then(|inner| Some(inner.split_once('}')?.0));
            let piece = match name {
                Some("shadow") => Piece::Shadow,
                Some("live") => Piece::Live,
                Some(name) => return Err(no_placeholder(name)),
                None => {
                    return Err(
                        "a brace stands alone: `{shadow}` and `{live}` are placeholders, and `{{` and `}}` \
                         are braces"
                            .to_owned(),
                    );
                }
            };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(piece);
            rest = &rest[name.map_or(0, str::len) + 2..];
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(SqlTemplate { text, pieces })
    }
}

fn no_placeholder(name: &str) -> String {
    format!(
        "`{{{}}}` is no placeholder: there are `{{shadow}}`, the table of the build, and `{{live}}`, the live table; write \
         `{{{{` and `}}}}` for braces",
        shown(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<SqlTemplate, String> {
        SqlTemplate::try_from(text.to_owned())
    }

    #[test]
    fn placeholders_become_names_and_double_braces_braces() {
        let sql = template("select '{{}}}}' from {shadow} a, {live} b, {shadow}").unwrap();
        assert!(sql.needs_live());
        assert_eq!(sql.about("\"s\"", None), None);
        let about = sql.about("\"s\"", Some("\"{l}\"")).unwrap();
        assert_eq!(about, "select '{}}' from \"s\" a, \"{l}\" b, \"s\"");
        let sql = template("select 1").unwrap();
        assert!(!sql.needs_live());
        assert_eq!(sql.about("s", None).as_deref(), Some("select 1"));
    }

    #[test]
    fn other_placeholders_and_single_braces_are_refused() {
        let problems = ["select {table}", "select {shadow", "select 1 }", " \n"];
        let problems = problems.map(|text| template(text).unwrap_err());
        insta::assert_snapshot!(problems.join("\n"), @r"
        `{table}` is no placeholder: there are `{shadow}`, the table of the build, and `{live}`, the live table; write `{{` and `}}` for braces
        a brace stands alone: `{shadow}` and `{live}` are placeholders, and `{{` and `}}` are braces
        a brace stands alone: `{shadow}` and `{live}` are placeholders, and `{{` and `}}` are braces
        the statement is empty
        ");
    }

    #[test]
    fn texts_of_the_database_are_one_line() {
        assert_eq!(shown("a\nb\u{1b}"), "a b ");
        assert_eq!(shown(&"é".repeat(SHOWN + 1)).chars().count(), SHOWN + 1);
    }
}
