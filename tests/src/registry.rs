//! A real schema registry: Apicurio, which speaks Confluent's protocol too. `tests/setup kafka` installs it.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::java::{self, Server};

/// A registry that keeps schemas in memory. It ends with the value or with this process.
pub struct Registry {
    // Before the folder, in which it works.
    _server: Server,
    _folder: tempfile::TempDir,
    port: u16,
}

impl Registry {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self> {
        let installed = java::installed("apicurio-2.6.13")?;
        let folder = tempfile::tempdir()?;
        let port = java::free_port()?;
        let mut command = Command::new("java");
        command
            .args(["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg("-jar")
            .arg(installed.join("apicurio-registry-app-2.6.13.Final-runner.jar"))
            .env("QUARKUS_HTTP_HOST", "127.0.0.1")
            .env("QUARKUS_HTTP_PORT", port.to_string())
            .current_dir(folder.path());
        let server = Server::start(&mut command, &["Listening on:"], folder.path())?;
        Ok(Registry {
            _server: server,
            _folder: folder,
            port,
        })
    }

    /// The address for clients of Confluent's protocol.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
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
