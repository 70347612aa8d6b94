//! The encoding of text, as `decode.encoding` names it.

use serde::{Deserialize, Serialize};

/// The encoding of the objects that are JSON or CSV. A byte order mark of UTF-8 or UTF-16 at the beginning of an object
/// takes precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoding {
    /// UTF-16 where an object begins with its byte order mark, else UTF-8.
    #[default]
    Auto,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, the low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, the high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, of which the printable characters of ISO 8859-1 (Latin-1) are a part.
    #[serde(rename = "windows-1252", alias = "iso-8859-1", alias = "latin-1")]
    Windows1252,
}
