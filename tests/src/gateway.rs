//! A real S3 server: versitygw over a folder, with versions and accounts. `tests/setup s3` installs it.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use crate::server;

/// The bucket of every gateway.
pub const BUCKET: &str = "clicks";

const KEY_ID: &str = "testkey";
const SECRET: &str = "testsecret123";
const REGION: &str = "eu-west-1";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with one empty bucket. It ends, and its content goes, with the value.
pub struct Gateway {
    server: Child,
    /// Reads and writes the bucket.
    pub client: Client,
    url: String,
    _folder: tempfile::TempDir,
}

impl Gateway {
    /// Starts one on a free port.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [data, versions, accounts] =
            ["data", "versions", "accounts"].map(|name| folder.path().join(name));
        for path in [&data, &versions, &accounts] {
            fs::create_dir(path)?;
        }
        let address = format!("127.0.0.1:{}", server::free_port()?);
        let server = Command::new("versitygw")
            .args(["--port", &address, "--region", REGION, "--iam-dir"])
            .arg(&accounts)
            .args(["posix", "--versioning-dir"])
            .args([&versions, &data])
            .env("ROOT_ACCESS_KEY", KEY_ID)
            .env("ROOT_SECRET_KEY", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("versitygw cannot be started: `tests/setup s3` installs it")?;
        let url = format!("http://{address}");
        let mut gateway = Gateway {
            server,
            client: client_of(&url),
            url,
            _folder: folder,
        };
        gateway.wait_for(&address)?;
        gateway.client.create_bucket().bucket(BUCKET).send().await?;
        Ok(gateway)
    }

    /// The variables with which a command finds this server and may use it.
    pub fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL_S3", &self.url),
            ("AWS_ACCESS_KEY_ID", KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", REGION),
            // No client waits for a metadata service that does not exist.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// Its port of 127.0.0.1.
    ///
    /// # Errors
    /// If its URL has none.
    pub fn port(&self) -> Result<u16> {
        let (_, port) = self.url.rsplit_once(':').context("a URL with a port")?;
        Ok(port.parse()?)
    }

    /// Writes an object.
    pub async fn put(&self, key: &str, content: Vec<u8>) -> Result<()> {
        let put = self.client.put_object().bucket(BUCKET).key(key);
        put.body(content.into())
            .send()
            .await
            .with_context(|| key.to_owned())?;
        Ok(())
    }

    /// Writes all files below `folder`, under keys that begin with `prefix`.
    pub async fn upload(&self, folder: &Path, prefix: &str) -> Result<()> {
        let mut folders = vec![(folder.to_owned(), prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().into_string().ok().context("not UTF-8")?;
                if entry.file_type()?.is_dir() {
                    folders.push((entry.path(), format!("{prefix}{name}/")));
                } else {
                    self.put(&format!("{prefix}{name}"), fs::read(entry.path())?)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// The keys that begin with `prefix`, at most 1,000.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let list = self.client.list_objects_v2().bucket(BUCKET).prefix(prefix);
        let listed = list.send().await?;
        let keys = listed.contents().iter().filter_map(|object| object.key());
        Ok(keys.map(str::to_owned).collect())
    }

    /// From now on, overwritten and deleted objects are kept as versions.
    pub async fn keep_versions(&self) -> Result<()> {
        let enabled = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        let put = self.client.put_bucket_versioning().bucket(BUCKET);
        put.versioning_configuration(enabled).send().await?;
        Ok(())
    }

    fn wait_for(&mut self, address: &str) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.server.try_wait()? {
                bail!("versitygw ended at once: {status}");
            }
            if began.elapsed() > PATIENCE {
                bail!("versitygw does not listen on {address}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// A client of the gateway at this URL, which another process may have started.
pub fn client_of(url: &str) -> Client {
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "tests"))
        .region(Region::new(REGION))
        .endpoint_url(url)
        .force_path_style(true)
        .build();
    Client::from_conf(settings)
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
