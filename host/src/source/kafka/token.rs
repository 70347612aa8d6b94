//! Errors of OAUTHBEARER tokens. librdkafka requests tokens from the identity provider itself, and reports errors as
//! text.

use serde::Deserialize;

use super::error::KafkaError;

/// The text that librdkafka puts before the reason.
const NO_TOKEN: &str = "Failed to acquire SASL OAUTHBEARER token: ";

/// The answer of a provider that refuses a token (RFC 6749, section 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

/// The error for a client of the brokers at `place` that got no token; `None` if `text` is about something else. A
/// refusal of the provider is permanent. If the provider cannot be reached, that may be temporary: librdkafka tries
/// again.
pub(super) fn failure(text: &str, place: &str) -> Option<KafkaError> {
    let reason = text.strip_prefix(NO_TOKEN)?;
    let (what, place) = ("log in to", place.to_owned());
    Some(match serde_json::from_str::<Refusal>(reason) {
        Ok(Refusal {
            error,
            error_description,
        }) => KafkaError::NotAllowed {
            what,
            place,
            problem: match error_description {
                Some(description) => {
                    format!("the identity provider refused a token: {error}, {description}")
                }
                None => format!("the identity provider refused a token: {error}"),
            },
        },
        Err(_) => KafkaError::Unanswered {
            what,
            place,
            problem: format!("no token can be fetched from the identity provider: {reason}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reason: &str) -> String {
        let failure = failure(&format!("{NO_TOKEN}{reason}"), "a:1");
        failure.unwrap().to_string()
    }

    #[test]
    fn a_refusal_differs_from_a_provider_that_cannot_be_reached() {
        let refusal = r#"{"error":"invalid_client","error_description":"Wrong secret"}"#;
        insta::assert_snapshot!(shown(refusal), @"the brokers refused to log in to a:1: the identity provider refused a token: invalid_client, Wrong secret");
        insta::assert_snapshot!(shown(r#"{"error":"invalid_scope"}"#), @"the brokers refused to log in to a:1: the identity provider refused a token: invalid_scope");
        insta::assert_snapshot!(shown("Could not resolve host: id"), @"cannot log in to a:1: no token can be fetched from the identity provider: Could not resolve host: id");
        assert!(failure("a:1: Connection refused", "a:1").is_none());
    }
}
