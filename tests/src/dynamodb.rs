//! A real server of DynamoDB's protocol: dynoxide, in memory or over a file. `tests/setup dynamodb` installs it.
//!
//! It knows conditions, transactions with their reasons, 38-digit numbers and the limits of items and keys as AWS has
//! them. It never limits throughput, so it never leaves items unprocessed, and its reads are always consistent.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};

use crate::server::{self, Server, Signals};

const KEY_ID: &str = "testkey";
const SECRET: &str = "testsecret123";
const REGION: &str = "eu-west-1";

/// A server. It ends, and its tables go, with the value or with this process.
pub struct DynamoDb {
    // Before the folder, which it may write to until it ends.
    server: Option<Server>,
    port: u16,
    is_durable: bool,
    folder: tempfile::TempDir,
}

/// A server in memory for all tests of a process, which keep their tables apart with [`unique`].
///
/// # Panics
/// If it does not start.
pub fn shared() -> &'static DynamoDb {
    static SHARED: OnceLock<DynamoDb> = OnceLock::new();
    SHARED.get_or_init(|| DynamoDb::start().expect("a server starts"))
}

/// A name for a table that no other test of this process has. It begins with `name` and a dot.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}.{:03}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl DynamoDb {
    /// Starts one that keeps its tables in memory.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::started(false)
    }

    /// Starts one that keeps its tables in a file, from which [`restart`](DynamoDb::restart) goes on.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start_durable() -> Result<Self> {
        Self::started(true)
    }

    fn started(is_durable: bool) -> Result<Self> {
        let mut started = DynamoDb {
            server: None,
            port: server::free_port()?,
            is_durable,
            folder: tempfile::tempdir()?,
        };
        started.restart()?;
        Ok(started)
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it at the port that it had; kills it first where it runs.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        let installed = server::installed("dynoxide-3.2.0", "dynamodb")?;
        let mut command = Command::new(installed.join("bin/dynoxide"));
        command
            .args(["serve", "--port", &self.port.to_string()])
            .current_dir(self.folder.path());
        if self.is_durable {
            command.args(["--db-path", "tables.db"]);
        }
        let ready = ["Dynoxide listening on"];
        let server = Server::start(command, &ready, self.folder.path(), Signals::USUAL)?;
        self.server = Some(server);
        Ok(())
    }

    /// The process.
    ///
    /// # Errors
    /// If it was killed.
    pub fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server does not run")
    }

    /// The folder of its file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A client.
    pub fn client(&self) -> Client {
        client_at(self.port)
    }

    /// The variables with which a command finds this server and may use it.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        environment_at(self.port)
    }
}

/// A client of a server behind a port, such as that of a [`Proxy`](crate::proxy::Proxy).
pub fn client_at(port: u16) -> Client {
    let settings = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "tests"))
        .region(Region::new(REGION))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .build();
    Client::from_conf(settings)
}

/// The variables with which a command finds a server behind a port.
pub fn environment_at(port: u16) -> [(&'static str, String); 5] {
    [
        (
            "AWS_ENDPOINT_URL_DYNAMODB",
            format!("http://127.0.0.1:{port}"),
        ),
        ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        // No client waits for a metadata service that does not exist.
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    };

    #[tokio::test]
    async fn a_file_is_there_after_a_restart() {
        let mut server = DynamoDb::start_durable().unwrap();
        let table = unique("restart");
        let client = server.client();
        let key = KeySchemaElement::builder()
            .attribute_name("k")
            .key_type(KeyType::Hash);
        let of_type = AttributeDefinition::builder()
            .attribute_name("k")
            .attribute_type(ScalarAttributeType::S);
        let create = client.create_table().table_name(&table);
        create
            .key_schema(key.build().unwrap())
            .attribute_definitions(of_type.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
        let key = AttributeValue::S("one".to_owned());
        let put = client.put_item().table_name(&table).item("k", key.clone());
        put.send().await.unwrap();
        server.kill();
        assert!(client.list_tables().send().await.is_err());
        server.restart().unwrap();
        let get = client.get_item().table_name(&table).key("k", key.clone());
        let item = get.send().await.unwrap().item.unwrap();
        assert_eq!(item["k"], key);
    }

    #[tokio::test]
    async fn all_tests_share_a_server() {
        let listed = shared().client().list_tables().send().await.unwrap();
        assert!(listed.last_evaluated_table_name.is_none());
    }
}
