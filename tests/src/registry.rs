//! A real schema registry: Apicurio, which speaks Confluent's protocol too. `tests/setup kafka` installs it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::broker::Security;
use crate::server::{self, Server, Signals};

/// A registry that keeps schemas in memory. It ends with the value or with this process.
pub struct Registry {
    // Before the folder, in which it works.
    _server: Server,
    _folder: tempfile::TempDir,
    port: u16,
    security: Option<Security>,
}

impl Registry {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::started(tempfile::tempdir()?, None)
    }

    /// Starts one that speaks TLS alone, with certificates of its own.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start_with_tls() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let security = Security::new(folder.path())?;
        Self::started(folder, Some(security))
    }

    fn started(folder: tempfile::TempDir, security: Option<Security>) -> Result<Self> {
        let installed = server::installed("apicurio-2.6.13", "kafka")?;
        let port = server::free_port()?;
        let mut command = Command::new("java");
        command.args(["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        let mut set = |name: &str, value: &str| {
            command.arg(format!("-Dquarkus.http.{name}={value}"));
        };
        set("host", "127.0.0.1");
        match &security {
            None => set("port", &port.to_string()),
            Some(security) => {
                let certificate = security.server_certificate.to_string_lossy();
                set("insecure-requests", "disabled");
                set("ssl-port", &port.to_string());
                set("ssl.certificate.files", &certificate);
                let key = security.server_key.to_string_lossy();
                set("ssl.certificate.key-files", &key);
            }
        }
        command
            .arg("-jar")
            .arg(installed.join("apicurio-registry-app-2.6.13.Final-runner.jar"))
            .current_dir(folder.path());
        let server = Server::start(command, &["Listening on:"], folder.path(), Signals::USUAL)?;
        Ok(Registry {
            _server: server,
            _folder: folder,
            port,
            security,
        })
    }

    /// The certificate of the authority that vouches for it, if it speaks TLS.
    pub fn authority(&self) -> Option<&Path> {
        self.security.as_ref().map(|security| security.ca.as_path())
    }

    /// The address for clients of Confluent's protocol.
    pub fn url(&self) -> String {
        let scheme = if self.security.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    /// Registers a schema, `kind` being `AVRO`, `PROTOBUF` or `JSON`. Gives its id.
    ///
    /// # Errors
    /// If the registry refuses.
    pub fn register(&self, subject: &str, kind: &str, schema: &str) -> Result<u32> {
        let body = json!({ "schemaType": kind, "schema": schema }).to_string();
        let answer = self.ask(&format!("subjects/{subject}/versions"), Some(&body))?;
        let id = answer["id"].as_u64().with_context(|| answer.to_string())?;
        Ok(id.try_into()?)
    }

    /// The schema with an id.
    ///
    /// # Errors
    /// If there is none.
    pub fn schema(&self, id: u32) -> Result<String> {
        let answer = self.ask(&format!("schemas/ids/{id}"), None)?;
        let schema = answer["schema"].as_str();
        Ok(schema.with_context(|| answer.to_string())?.to_owned())
    }

    fn ask(&self, path: &str, body: Option<&str>) -> Result<Value> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail-with-body",
            "--max-time",
            "60",
        ]);
        if let Some(authority) = self.authority() {
            curl.arg("--cacert").arg(authority);
        }
        if body.is_some() {
            curl.args(["--data-binary", "@-", "--header"])
                .arg("Content-Type: application/vnd.schemaregistry.v1+json");
        }
        let mut curl = curl
            .arg(format!("{}/{path}", self.url()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("curl cannot be started")?;
        let mut stdin = curl.stdin.take().context("its input is not piped")?;
        stdin.write_all(body.unwrap_or_default().as_bytes())?;
        drop(stdin);
        let answer = curl.wait_with_output()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let error = String::from_utf8_lossy(&answer.stderr);
        ensure!(answer.status.success(), "{path}: {error}{text}");
        Ok(serde_json::from_str(&text)?)
    }
}
