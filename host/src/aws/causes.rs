//! The parts of an error of the SDK that a message shows.

use std::io;

use aws_credential_types::provider::error::CredentialsError;

/// The cause of a failed request.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The innermost cause of an error, on one line. The errors around it only name parts of the library.
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let bottom = causes(error).last().unwrap_or(error);
    printable(&bottom.to_string())
}

/// The largest number of characters that are shown of a text from elsewhere.
const MOST_CHARS: usize = 300;

/// A text from elsewhere on one line, without control characters and of limited length.
pub(crate) fn printable(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |one: char| if one.is_control() { '\u{fffd}' } else { one };
    let mut cut: String = words.chars().map(shown).take(MOST_CHARS).collect();
    if cut.len() < words.len() && words.chars().count() > MOST_CHARS {
        cut.push('…');
    }
    cut
}

/// The parts of an error of the store.
pub(crate) struct Detail<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) request_id: Option<&'a str>,
}

impl std::fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", {}", printable(self.code))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", printable(self.message).trim_end_matches('.'))?;
        }
        match self.request_id {
            Some(id) => write!(f, " (request {})", printable(id)),
            None => Ok(()),
        }
    }
}

/// The error of the credentials, if there is one among the causes.
pub(crate) fn of_credentials<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a CredentialsError> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes. The error inside of an I/O error counts as its cause.
pub(crate) fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>() {
            Some(error) => error
                .get_ref()
                .map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        }
    })
}

/// The places where credentials were searched for, on one line and without repetition.
pub(crate) fn tried(error: &CredentialsError) -> String {
    let messages: Vec<String> = causes(error).map(ToString::to_string).collect();
    // A chain of providers lists the result of each of them, one per line after a title.
    let listed = messages.iter().rev().find(|message| message.contains('\n'));
    if let Some(listed) = listed {
        let each = listed.lines().skip(1);
        let each = each.map(|line| {
            line.trim()
                .replace("the credential provider was not enabled: ", "")
        });
        return each.collect::<Vec<_>>().join("; ");
    }
    let mut text = String::new();
    for message in messages.iter().filter(|message| !message.is_empty()) {
        if !text.contains(message) {
            text += if text.is_empty() { "" } else { ": " };
            text += message;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_elsewhere_are_shown_on_one_line_and_cut() {
        assert_eq!(printable("a\n  b\u{7}c"), "a b\u{fffd}c");
        let long = printable(&"ö".repeat(1000));
        assert_eq!(long.chars().count(), MOST_CHARS + 1);
    }

    #[test]
    fn searched_places_are_shown_once_and_on_one_line() {
        let chain = "no credentials found in chain. Attempted:\n  Environment: the credential provider was not enabled: \
                     environment variable not set\n  Profile: the credential provider was not enabled";
        insta::assert_snapshot!(tried(&CredentialsError::not_loaded(chain)), @"Environment: environment variable not set; Profile: the credential provider was not enabled");
        let expired = CredentialsError::provider_error("the SSO token is expired");
        insta::assert_snapshot!(tried(&expired), @"an error occurred while loading credentials: the SSO token is expired");
    }
}
