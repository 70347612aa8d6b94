//! Failures to connect, and the errors that they become.

use std::error::Error as _;

use super::dial::{Failure, is_tls};
use super::target::{Password, Server, Target};
use super::verifier;
use crate::store::StoreError;
use crate::store::postgres::fault::{self, About};

/// A connection that did not come about.
pub(super) struct Refusal<'a> {
    pub(super) target: &'a Target,
    pub(super) server: &'a Server,
    pub(super) password: Option<&'a Password>,
    /// Why the password file was not used.
    pub(super) ignored: Option<&'a str>,
}

impl Refusal<'_> {
    /// The error that `failure` means.
    pub(super) fn explain(&self, failure: Failure, about: About<'_>) -> StoreError {
        let doing = || format!("connecting to {}", self.server);
        let error = match failure {
            Failure::Io(source) => {
                return StoreError::Connection {
                    database: about.database.to_owned(),
                    doing: doing(),
                    source: source.into(),
                };
            }
            Failure::Postgres(error) => error,
        };
        if let Some(said) = error.as_db_error() {
            return match fault::of_the_server(said, doing(), about) {
                StoreError::Login { source, .. } => self.login(source.to_string()),
                other => other,
            };
        }
        let untrusted = |problem: String| StoreError::Untrusted {
            server: self.server.to_string(),
            problem,
        };
        if let Some(problem) = fault::untrusted(&error) {
            return untrusted(verifier::explain(problem));
        }
        if let Some(alert) = fault::alert(&error) {
            return untrusted(format!(
                "the server ended the handshake ({alert}): it may want another client certificate, which `sslcert` and \
                 `sslkey` set"
            ));
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        match (error.to_string().as_str(), cause.as_str()) {
            ("invalid configuration", "password missing") => {
                self.login("the server wants a password".to_owned())
            }
            ("authentication error", _) => self.login(cause),
            (_, "server does not support TLS") => untrusted(format!(
                "the server does not speak TLS, and `sslmode` is `{}`: switch it on there (`ssl = on`), or set `sslmode` to \
                 `disable` if nobody can listen on the way",
                self.server.sslmode
            )),
            _ if is_tls(&error) => untrusted(fault::with_causes(&error).to_string()),
            _ => StoreError::Connection {
                database: about.database.to_owned(),
                doing: doing(),
                source: fault::with_causes(&error),
            },
        }
    }

    /// A login that failed, with the password's source.
    fn login(&self, said: String) -> StoreError {
        let password = match (self.password, self.ignored) {
            (Some(password), _) => format!("the password is that of {}", password.from),
            (None, Some(why)) => format!("no password was given: {why}"),
            (None, None) => "no password was given".to_owned(),
        };
        StoreError::Login {
            database: self.target.place(),
            user: self.target.user.clone(),
            source: format!("{said}; {password}").into(),
        }
    }
}
