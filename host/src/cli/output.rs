//! Standard output: the formats that a command can write, and the writing.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::Value;

/// The format of standard output: text, one JSON document, or events as JSON lines with the document as the last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Jsonl,
}

impl Format {
    /// The format of a command line that cannot be parsed.
    pub(crate) fn guess(arguments: &[OsString]) -> Format {
        let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
        let flag = words.iter().enumerate().find_map(|(place, word)| {
            match word.strip_prefix("--output") {
                Some("") => words.get(place + 1).map(ToString::to_string),
                Some(value) => value.strip_prefix('=').map(str::to_owned),
                None => None,
            }
        });
        let asked = flag
            .or_else(|| std::env::var("BACKFOLD_OUTPUT").ok())
            .unwrap_or_default();
        Format::from_str(&asked, false).unwrap_or(Format::Text)
    }
}

/// Prints the document of a command: indented for [`Format::Json`], on one line for [`Format::Jsonl`].
pub(crate) fn print_document(document: &Value, format: Format) -> io::Result<()> {
    out(&match format {
        Format::Jsonl => format!("{document}\n"),
        _ => format!("{document:#}\n"),
    })
}

/// Writes to standard output. A reader that has closed the pipe (`backfold log | head`) is not an error.
pub(crate) fn out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_in_a_command_line_that_cannot_be_parsed() {
        let guess =
            |line: &str| Format::guess(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(guess("backfold runn --output json"), Format::Json);
        assert_eq!(guess("backfold --output=jsonl run --wrong"), Format::Jsonl);
        assert_eq!(guess("backfold run --output"), Format::Text);
        assert_eq!(guess("backfold run --output yaml"), Format::Text);
    }
}
