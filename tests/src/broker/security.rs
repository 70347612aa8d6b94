//! Certificates for servers and for their clients, made by `openssl`, and a user of a broker.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;

use super::{Broker, Listener};
use crate::provider::{ISSUER, Provider, SCOPE};

/// The user of a broker with security: `PLAIN`, `SCRAM-SHA-256` and `SCRAM-SHA-512` know it. For the latter two,
/// `tests/services/install-kafka` writes it into the folder that brokers begin with.
pub const USER: &str = "reader";

/// The user's password.
pub const PASSWORD: &str = "not-a-secret";

/// Certificates in PEM: of an authority, and those that it gave to a server at 127.0.0.1 and a client. Of the keys, none
/// has a password.
#[derive(Clone, Debug)]
pub struct Security {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The client's certificate.
    pub client_certificate: PathBuf,
    /// The client's key.
    pub client_key: PathBuf,
    /// The server's certificate.
    pub server_certificate: PathBuf,
    /// The server's key.
    pub server_key: PathBuf,
    /// Both of them, in one file.
    server: PathBuf,
}

impl Security {
    /// Makes all of them in `folder`.
    ///
    /// # Errors
    /// If there is no `openssl`.
    pub fn new(folder: &Path) -> Result<Self> {
        let file = |name: &str| folder.join(name);
        let authority = Signer {
            certificate: file("ca.pem"),
            key: file("ca.key"),
        };
        let made = Security {
            ca: authority.certificate.clone(),
            client_certificate: file("client.pem"),
            client_key: file("client.key"),
            server_certificate: file("server.crt"),
            server_key: file("server.key"),
            server: file("server.pem"),
        };
        make(
            "authority",
            &made.ca,
            &authority.key,
            "basicConstraints=critical,CA:TRUE",
            None,
        )?;
        let name = "subjectAltName=IP:127.0.0.1";
        make(
            "client",
            &made.client_certificate,
            &made.client_key,
            name,
            Some(&authority),
        )?;
        let (certificate, key) = (&made.server_certificate, &made.server_key);
        make("server", certificate, key, name, Some(&authority))?;
        // A broker reads both from one file.
        let both = std::fs::read_to_string(key)? + &std::fs::read_to_string(certificate)?;
        std::fs::write(&made.server, both)?;
        Ok(made)
    }

    /// The properties of a broker that listens with these certificates and accepts the user.
    pub(super) fn settings(&self) -> String {
        let (server, ca) = (self.server.display(), self.ca.display());
        let mut settings = format!(
            "ssl.keystore.type=PEM\nssl.keystore.location={server}\n\
             ssl.truststore.type=PEM\nssl.truststore.location={ca}\n\
             listener.name.mtls.ssl.client.auth=required\n\
             sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n"
        );
        for listener in ["sasl_plaintext", "sasl_ssl"] {
            settings += &format!(
                "listener.name.{listener}.plain.sasl.jaas.config=\
                 org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";\n"
            );
            for mechanism in ["scram-sha-256", "scram-sha-512"] {
                settings += &format!(
                    "listener.name.{listener}.{mechanism}.sasl.jaas.config=\
                     org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
                );
            }
        }
        settings
    }
}

/// The properties of a broker that accepts tokens of a provider at `SASL_SSL`: signed by it, for Kafka, and not a moment
/// too old. A connection whose token is too old ends, unless the client has shown another one.
pub(super) fn of_tokens(provider: &Provider) -> Vec<(String, String)> {
    let authority = provider.authority().display();
    // The module logs the broker in too, which it needs for nothing here, by a token that it makes itself.
    let login = format!(
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
         unsecuredLoginStringClaim_sub=\"broker\" \
         ssl.truststore.type=\"PEM\" ssl.truststore.location=\"{authority}\";"
    );
    let checks = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
    let of_mechanism = [
        ("sasl.jaas.config", login.as_str()),
        ("sasl.server.callback.handler.class", checks),
        ("sasl.oauthbearer.jwks.endpoint.url", &provider.keys_url()),
        ("sasl.oauthbearer.expected.audience", SCOPE),
        ("sasl.oauthbearer.expected.issuer", ISSUER),
        ("sasl.oauthbearer.clock.skew.seconds", "0"),
        ("connections.max.reauth.ms", "3600000"),
    ];
    let of_mechanism = of_mechanism.map(|(name, value)| (format!("oauthbearer.{name}"), value));
    let mechanisms = ("sasl.enabled.mechanisms".to_owned(), "OAUTHBEARER");
    let all = of_mechanism.into_iter().chain([mechanisms]);
    all.map(|(name, value)| (format!("listener.name.sasl_ssl.{name}"), value.to_owned()))
        .collect()
}

impl Broker {
    /// The settings of a client that comes to `listener` and knows the certificates there, and logs in with
    /// `mechanism` where the listener requires a login.
    pub fn client_of(&self, listener: Listener, mechanism: &str) -> ClientConfig {
        let mut client = self.client();
        client.set("bootstrap.servers", self.address(listener));
        let (protocol, login) = match listener {
            Listener::Plaintext => ("plaintext", false),
            Listener::Ssl | Listener::Mtls => ("ssl", false),
            Listener::SaslPlaintext => ("sasl_plaintext", true),
            Listener::SaslSsl => ("sasl_ssl", true),
        };
        client.set("security.protocol", protocol);
        if protocol.ends_with("ssl") {
            let security = self.security();
            client.set("ssl.ca.location", security.ca.to_string_lossy());
            if listener == Listener::Mtls {
                client.set(
                    "ssl.certificate.location",
                    security.client_certificate.to_string_lossy(),
                );
                client.set("ssl.key.location", security.client_key.to_string_lossy());
            }
        }
        if login {
            client
                .set("sasl.mechanism", mechanism)
                .set("sasl.username", USER)
                .set("sasl.password", PASSWORD);
        }
        client
    }
}

struct Signer {
    certificate: PathBuf,
    key: PathBuf,
}

/// Makes a key and a certificate of it, signed by `signer` or by itself.
fn make(
    name: &str,
    certificate: &Path,
    key: &Path,
    extension: &str,
    signer: Option<&Signer>,
) -> Result<()> {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-subj", &format!("/CN={name}"), "-addext", extension])
        .arg("-out")
        .arg(certificate)
        .arg("-keyout")
        .arg(key);
    if let Some(signer) = signer {
        openssl
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-CA")
            .arg(&signer.certificate)
            .arg("-CAkey")
            .arg(&signer.key);
    }
    let made = openssl.output().context("openssl cannot be started")?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    Ok(())
}
