//! Tokens of OAUTHBEARER. librdkafka asks an identity provider for them by itself, and says why there is none.

use serde::Deserialize;

use super::failure::KafkaError;

/// What librdkafka puts before the reason.
const NO_TOKEN: &str = "Failed to acquire SASL OAUTHBEARER token: ";

/// How a provider refuses (RFC 6749, section 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

/// What it means for a client of the brokers at `place` that there is no token; `None` where `said` is of something
/// else. What a provider refuses stays refused. If it cannot be asked, that may pass: librdkafka goes on asking.
pub(super) fn failure(said: &str, place: &str) -> Option<KafkaError> {
    let reason = said.strip_prefix(NO_TOKEN)?;
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
                    format!("the identity provider gives no token: {error}, {description}")
                }
                None => format!("the identity provider gives no token: {error}"),
            },
        },
        Err(_) => KafkaError::Unanswered {
            what,
            place,
            problem: format!("no token can be had of the identity provider: {reason}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reason: &str) -> String {
        let failure = failure(&format!("{NO_TOKEN}{reason}"), "a:1");
        failure.unwrap().to_string()
    }

    #[test]
    fn a_refusal_is_told_from_a_provider_that_cannot_be_asked() {
        let refusal = r#"{"error":"invalid_client","error_description":"Wrong secret"}"#;
        insta::assert_snapshot!(told(refusal), @"the brokers do not let us log in to a:1: the identity provider gives no token: invalid_client, Wrong secret");
        insta::assert_snapshot!(told(r#"{"error":"invalid_scope"}"#), @"the brokers do not let us log in to a:1: the identity provider gives no token: invalid_scope");
        insta::assert_snapshot!(told("Could not resolve host: id"), @"cannot log in to a:1: no token can be had of the identity provider: Could not resolve host: id");
        assert!(failure("a:1: Connection refused", "a:1").is_none());
    }
}
