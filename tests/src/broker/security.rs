//! Certificates for a broker and for its clients, made by `openssl`, and a user.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;

use super::{Broker, Listener};

/// The user of a broker with security: `PLAIN`, `SCRAM-SHA-256` and `SCRAM-SHA-512` know it. For the latter two,
/// `tests/services/install` writes it into the folder that brokers begin with.
pub const USER: &str = "reader";

/// The user's password.
pub const PASSWORD: &str = "not-a-secret";

/// Certificates in PEM: of an authority, and those that it gave to a broker and a client. Of the keys, none has a
/// password.
#[derive(Clone, Debug)]
pub struct Security {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The client's certificate.
    pub client_certificate: PathBuf,
    /// The client's key.
    pub client_key: PathBuf,
    broker: PathBuf,
}

impl Security {
    /// Makes all of them in `folder`.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let file = |name: &str| folder.join(name);
        let authority = Signer {
            certificate: file("ca.pem"),
            key: file("ca.key"),
        };
        let made = Security {
            ca: authority.certificate.clone(),
            client_certificate: file("client.pem"),
            client_key: file("client.key"),
            broker: file("broker.pem"),
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
        let (certificate, key) = (file("broker.crt"), file("broker.key"));
        make("broker", &certificate, &key, name, Some(&authority))?;
        // A broker reads both from one file.
        let both = std::fs::read_to_string(&key)? + &std::fs::read_to_string(&certificate)?;
        std::fs::write(&made.broker, both)?;
        Ok(made)
    }

    /// What a broker is set to, to listen with them and to let the user in.
    pub(super) fn settings(&self) -> String {
        let (broker, ca) = (self.broker.display(), self.ca.display());
        let mut settings = format!(
            "ssl.keystore.type=PEM\nssl.keystore.location={broker}\n\
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

impl Broker {
    /// The settings of a client that comes to `listener` and knows the certificates there, and logs in with
    /// `mechanism` where a login is asked for.
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
