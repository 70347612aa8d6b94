//! An identity provider, as those are that clients of Kafka log in by: it gives tokens for an ID and a secret (RFC 6749,
//! section 4.4) over TLS, and publishes the key that they are signed with. A broker checks them by it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::broker::Security;

/// The scope of tokens that a broker accepts. A token requested with another scope is for another audience.
pub const SCOPE: &str = "kafka";

/// Whose tokens they are.
pub const ISSUER: &str = "https://provider.test";

/// The most bytes of a request's body.
const MOST_BYTES: usize = 64 << 10;

/// How long a peer may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that may request tokens.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its ID.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// The provider's record of a client.
struct Known {
    secret: String,
    life: Duration,
    /// When tokens were given.
    given: Vec<SystemTime>,
    refused: usize,
}

/// A provider. It ends with the value or with this process.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    security: Security,
    _folder: tempfile::TempDir,
}

struct Shared {
    key: RsaKeyPair,
    random: SystemRandom,
    clients: Mutex<HashMap<String, Known>>,
    tls: Arc<ServerConfig>,
    is_over: AtomicBool,
}

impl Provider {
    /// Starts one on a free port, with certificates and a key of its own.
    ///
    /// # Errors
    /// If there is no `openssl`, which makes them.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let security = Security::new(folder.path())?;
        let shared = Arc::new(Shared {
            key: new_key(&folder.path().join("signing.key"))?,
            random: SystemRandom::new(),
            clients: Mutex::default(),
            tls: Arc::new(tls(&security)?),
            is_over: AtomicBool::new(false),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let provider = Provider {
            address: listener.local_addr()?,
            shared: Arc::clone(&shared),
            security,
            _folder: folder,
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A peer that goes away, or does not like the certificate, has its reason.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Ok(provider)
    }

    /// The URL at which clients request tokens.
    pub fn token_url(&self) -> String {
        format!("https://{}/token", self.address)
    }

    /// Where the key is.
    pub fn keys_url(&self) -> String {
        format!("https://{}/keys", self.address)
    }

    /// The certificate of the authority that vouches for it.
    pub fn authority(&self) -> &Path {
        &self.security.ca
    }

    /// Makes a client, whose tokens live for so long.
    ///
    /// # Panics
    /// If the system has no random numbers.
    pub fn register(&self, life: Duration) -> Client {
        let random = || {
            let mut bytes = [0; 12];
            self.shared.random.fill(&mut bytes).expect("random numbers");
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let client = Client {
            id: random(),
            secret: random(),
        };
        let known = Known {
            secret: client.secret.clone(),
            life,
            given: Vec::new(),
            refused: 0,
        };
        self.shared.clients().insert(client.id.clone(), known);
        client
    }

    /// Gives a client no token any more.
    pub fn revoke(&self, client: &Client) {
        if let Some(known) = self.shared.clients().get_mut(&client.id) {
            known.secret.clear();
        }
    }

    /// When a client was given its tokens.
    pub fn given(&self, client: &Client) -> Vec<SystemTime> {
        let clients = self.shared.clients();
        let known = clients.get(&client.id);
        known.map(|known| known.given.clone()).unwrap_or_default()
    }

    /// How often a client was given none.
    pub fn refused(&self, client: &Client) -> usize {
        let clients = self.shared.clients();
        clients.get(&client.id).map_or(0, |known| known.refused)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Whoever waits for connections looks up.
        let _ = TcpStream::connect(self.address);
    }
}

/// The parts of a request that the provider reads.
struct Request {
    method: String,
    path: String,
    authorization: String,
    body: String,
}

impl Shared {
    fn clients(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request.
    fn serve(&self, stream: TcpStream) -> Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let connection = ServerConnection::new(Arc::clone(&self.tls))?;
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        let request = read(&mut stream)?;
        let (status, body) = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/keys") => (200, self.keys()),
            ("POST", "/token") => self.token(&request)?,
            _ => (404, json!({})),
        };
        let body = body.to_string();
        let stream = stream.get_mut();
        write!(
            stream,
            "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        stream.conn.send_close_notify();
        Ok(stream.flush()?)
    }

    /// The public key, as RFC 7517 writes it.
    fn keys(&self) -> Value {
        let RsaPublicKeyComponents::<Vec<u8>> { n, e } = self.key.public().into();
        let [n, e] = [n, e].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": n, "e": e}]})
    }

    /// A token for a client with a valid secret, or the reason for a refusal.
    fn token(&self, request: &Request) -> Result<(u16, Value)> {
        let refusal = |error: &str, why: &str| json!({"error": error, "error_description": why});
        let fields: HashMap<&str, &str> = request
            .body
            .split('&')
            .filter_map(|field| field.split_once('='))
            .collect();
        if fields.get("grant_type") != Some(&"client_credentials") {
            let why = "Tokens are given for client credentials";
            return Ok((400, refusal("unsupported_grant_type", why)));
        }
        let pair = request.authorization.strip_prefix("Basic ");
        let pair = pair.and_then(|pair| STANDARD.decode(pair).ok());
        let pair = String::from_utf8(pair.unwrap_or_default())?;
        let (id, secret) = pair.split_once(':').unwrap_or_default();
        let mut clients = self.clients();
        let Some(known) = clients.get_mut(id) else {
            return Ok((401, refusal("invalid_client", "There is no such client")));
        };
        if known.secret.is_empty() || known.secret != secret {
            known.refused += 1;
            let why = "The secret is not the client's";
            return Ok((401, refusal("invalid_client", why)));
        }
        let now = SystemTime::now();
        known.given.push(now);
        let (life_s, issued_s) = (
            known.life.as_secs(),
            now.duration_since(UNIX_EPOCH)?.as_secs(),
        );
        let audience = fields.get("scope").copied().unwrap_or_default();
        let claims = json!({
            "iss": ISSUER, "sub": id, "aud": audience, "scope": audience,
            "iat": issued_s, "exp": issued_s + life_s,
        });
        let token = json!({
            "access_token": self.signed(&claims)?, "token_type": "Bearer", "expires_in": life_s,
        });
        Ok((200, token))
    }

    /// Claims as RFC 7519 signs them.
    fn signed(&self, claims: &Value) -> Result<String> {
        let head = json!({"alg": "RS256", "typ": "JWT", "kid": "1"});
        let [head, claims] = [&head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{head}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &self.random,
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| anyhow!("the claims cannot be signed"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn read(stream: &mut impl BufRead) -> Result<Request> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        anyhow::Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next(), words.next());
    let mut headers = HashMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map(|length| length.parse());
    let length = length.transpose()?.unwrap_or(0);
    ensure!(length <= MOST_BYTES, "a body of {length} bytes");
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Request {
        method: method.context("no method")?,
        path: path.context("no path")?,
        authorization: headers.remove("authorization").unwrap_or_default(),
        body: String::from_utf8(body)?,
    })
}

/// The settings of TLS for the listener.
fn tls(security: &Security) -> Result<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(&security.server_certificate)?;
    let key = PrivateKeyDer::from_pem_file(&security.server_key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    Ok(config.with_single_cert(vec![certificate], key)?)
}

/// A key to sign with.
fn new_key(path: &PathBuf) -> Result<RsaKeyPair> {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt"])
        .args(["rsa_keygen_bits:2048", "-out"])
        .arg(path)
        .output()
        .context("openssl cannot be started")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "{said}");
    let key = PrivatePkcs8KeyDer::from_pem_file(path)?;
    RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|why| anyhow!("the key: {why}"))
}
