//! A real Kafka broker, its own controller; with tiered storage into a folder, TLS and logins as options.
//! `tests/setup kafka` installs it.
//!
//! | module | gives |
//! |---|---|
//! | [`security`] | certificates and the user, and how a client uses them |
//! | [`topics`] | topics made, changed and looked into; deleted records, compaction, tiering |
//! | [`produce`] | records, plain or in transactions |

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use rdkafka::ClientConfig;

use crate::provider::Provider;
use crate::server::{self, Server, Signals};

pub mod produce;
pub mod security;
pub mod topics;

pub use produce::{OpenTransaction, Record, Transactional};
pub use security::{PASSWORD, Security, USER};
pub use topics::{Isolation, Reading, unique};

const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/services/kafka");

/// The options of the broker's virtual machine: a small heap, and a compiler that starts quickly.
const JVM: [&str; 5] = [
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
];

/// Keeps closed segments in another folder, as other installations do in S3. `rsm.config.dir` is added.
const TIERING: &str = "
remote.log.storage.system.enable=true
remote.log.storage.manager.class.name=org.apache.kafka.server.log.remote.storage.LocalTieredStorage
rsm.config.delete.on.close=false
remote.log.metadata.manager.listener.name=PLAINTEXT
rlmm.config.remote.log.metadata.topic.replication.factor=1
rlmm.config.remote.log.metadata.topic.num.partitions=1
remote.log.manager.task.interval.ms=300
";

/// The property of Java that names the addresses from which a broker may fetch keys.
const ALLOWED_URLS: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

/// The lines that a broker logs when it is ready, the second only with tiered storage. A broker stopped between them
/// takes a minute to end.
const READY: [&str; 2] = [
    "Kafka Server started",
    "Initialized topic-based RLMM resources successfully",
];

/// A listener of a broker, by the credentials that a client needs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listener {
    /// Nothing.
    Plaintext,
    /// TLS.
    Ssl,
    /// TLS, with a certificate of the client too.
    Mtls,
    /// A login.
    SaslPlaintext,
    /// A login over TLS.
    SaslSsl,
}

impl Listener {
    const SECURE: [Listener; 4] = [
        Listener::Ssl,
        Listener::Mtls,
        Listener::SaslPlaintext,
        Listener::SaslSsl,
    ];

    fn name(self) -> &'static str {
        match self {
            Listener::Plaintext => "PLAINTEXT",
            Listener::Ssl => "SSL",
            Listener::Mtls => "MTLS",
            Listener::SaslPlaintext => "SASL_PLAINTEXT",
            Listener::SaslSsl => "SASL_SSL",
        }
    }
}

/// The optional abilities of a broker.
#[derive(Clone, Debug, Default)]
pub struct Options {
    security: bool,
    tiering: bool,
    keys_url: Option<String>,
    properties: Vec<(String, String)>,
}

impl Options {
    /// Listens with TLS and with logins too.
    #[must_use]
    pub fn with_security(mut self) -> Self {
        self.security = true;
        self
    }

    /// Listens with TLS and with logins too; [`Listener::SaslSsl`] takes tokens of `provider`, and nothing else. It asks
    /// for the provider's keys when it starts.
    #[must_use]
    pub fn with_provider(mut self, provider: &Provider) -> Self {
        self.keys_url = Some(provider.keys_url());
        self.properties.extend(security::of_tokens(provider));
        self.with_security()
    }

    /// Keeps old segments elsewhere, of those topics that have `remote.storage.enable`.
    #[must_use]
    pub fn with_tiering(mut self) -> Self {
        self.tiering = true;
        self
    }

    /// Sets a property of the broker.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(self) -> Result<Broker> {
        let installed = server::installed("kafka-4.3.1", "kafka")?;
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        for entry in fs::read_dir(installed.join("formatted"))? {
            let entry = entry?;
            fs::copy(entry.path(), data.join(entry.file_name()))?;
        }
        let security = self
            .security
            .then(|| Security::new(folder.path()))
            .transpose()?;
        let secure = Listener::SECURE.into_iter().filter(|_| self.security);
        let mut ports = HashMap::new();
        for listener in [Listener::Plaintext].into_iter().chain(secure) {
            ports.insert(listener, server::free_port()?);
        }
        let broker = Broker {
            ports,
            security,
            tiering: self.tiering,
            keys_url: self.keys_url.clone(),
            installed,
            server: None,
            folder,
        };
        fs::write(broker.settings(), self.settings(&broker)?)?;
        broker.restarted()
    }

    /// All settings of the broker.
    fn settings(&self, broker: &Broker) -> Result<String> {
        let controller = format!("127.0.0.1:{}", server::free_port()?);
        let listeners: Vec<String> = broker
            .ports
            .iter()
            .map(|(listener, port)| format!("{}://127.0.0.1:{port}", listener.name()))
            .collect();
        let listeners = listeners.join(",");
        let folder = broker.folder.path().display();
        let mut settings = fs::read_to_string(Path::new(SERVICES).join("server.properties"))?;
        settings += &format!(
            "\nlisteners={listeners},CONTROLLER://{controller}\nadvertised.listeners={listeners}\n\
             controller.quorum.voters=1@{controller}\nlog.dirs={folder}/data\n"
        );
        if self.tiering {
            settings += &format!("{TIERING}rsm.config.dir={folder}/remote\n");
        }
        if let Some(security) = &broker.security {
            settings += &security.settings();
        }
        for (name, value) in &self.properties {
            settings += &format!("{name}={value}\n");
        }
        Ok(settings)
    }
}

/// A broker. It ends, and its data goes, with the value or with this process.
pub struct Broker {
    // Before the folder, which it writes to until it ends.
    server: Option<Server>,
    ports: HashMap<Listener, u16>,
    security: Option<Security>,
    tiering: bool,
    keys_url: Option<String>,
    installed: PathBuf,
    folder: tempfile::TempDir,
}

/// A broker with security and tiering for all tests of a process. Tests keep their topics apart with [`unique`].
///
/// # Panics
/// If it does not start.
pub fn shared() -> &'static Broker {
    static SHARED: OnceLock<Broker> = OnceLock::new();
    SHARED.get_or_init(|| {
        Options::default()
            .with_security()
            .with_tiering()
            .start()
            .expect("a broker starts")
    })
}

impl Broker {
    /// Starts one without any [`Options`].
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Options::default().start()
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("server.properties")
    }

    fn restarted(mut self) -> Result<Self> {
        self.restart()?;
        Ok(self)
    }

    /// The process.
    ///
    /// # Errors
    /// If it was killed or stopped.
    pub fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the broker does not run")
    }

    /// Kills it. Unlike in a power cut, the system still writes the data in its cache.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not.
    pub fn stop(&mut self) -> Result<()> {
        self.server
            .take()
            .context("the broker does not run")?
            .stop()
    }

    /// Starts it with the data and at the ports that it had; kills it first where it runs.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let mut java = Command::new("java");
        java.args(JVM)
            .arg(format!(
                "-XX:SharedArchiveFile={}/classes.jsa",
                self.installed.display()
            ))
            .arg(format!("-Dlog4j2.configurationFile={SERVICES}/log4j2.yaml"));
        if let Some(url) = &self.keys_url {
            java.arg(format!("-D{ALLOWED_URLS}={url}"));
        }
        java.arg("-cp")
            .arg(self.installed.join("lib").join("*"))
            .arg("kafka.Kafka")
            .arg(self.settings());
        let ready = if self.tiering {
            &READY[..]
        } else {
            &READY[..1]
        };
        let server = Server::start(java, ready, self.folder.path(), Signals::USUAL)?;
        self.server = Some(server);
        Ok(())
    }

    /// Has it stand still, with connections open, until [`resume`](Broker::resume).
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause(&self) -> Result<()> {
        let server = self.server()?;
        server.signal("STOP")?;
        topics::wait_until("the broker stands still", || {
            Ok(server.stands_still()?.then_some(()))
        })
    }

    /// Has it go on.
    ///
    /// # Errors
    /// If it does not run.
    pub fn resume(&self) -> Result<()> {
        self.server()?.signal("CONT")
    }

    /// The address of a listener.
    ///
    /// # Panics
    /// If it was started without security, and the listener has some.
    pub fn address(&self, listener: Listener) -> String {
        let port = self.ports.get(&listener).expect("started with security");
        format!("127.0.0.1:{port}")
    }

    /// The address without TLS or a login.
    pub fn bootstrap(&self) -> String {
        self.address(Listener::Plaintext)
    }

    /// Its certificates.
    ///
    /// # Panics
    /// If it was started without security.
    pub fn security(&self) -> &Security {
        self.security.as_ref().expect("started with security")
    }

    /// The settings that all clients of this broker need.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", self.bootstrap())
            // A broker that comes back is not waited for longer than it takes.
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "200");
        config
    }
}
