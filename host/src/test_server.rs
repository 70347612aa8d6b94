//! An HTTP server for tests, whose replies fail as a test wants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Decoded.
    pub(crate) path: String,
    /// Decoded.
    pub(crate) query: BTreeMap<String, String>,
    /// By names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// As long as the headers announce it.
    pub(crate) body: Vec<u8>,
}

/// A reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) ends: Ends,
}

/// How a reply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// As announced.
    Whole,
    /// As announced, but for its length: the end of the connection is its end.
    Unannounced,
    /// The connection is reset after this many bytes of the body.
    Reset(usize),
    /// The connection is closed properly after this many bytes of the body.
    Closed(usize),
    /// Nothing more is sent after this many bytes of the body.
    Stalls(usize),
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Reply {
            status,
            headers: Vec::new(),
            body: body.into(),
            ends: Ends::Whole,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn ending(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }
}

/// Answers a request.
pub(crate) type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server, which ends when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let accepting = async move {
            // Connections end with the server.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, answer.clone(), log.clone()));
            }
        };
        Server {
            url,
            requests,
            _accepting: AbortOnDropHandle::new(tokio::spawn(accepting)),
        }
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Serves one connection until the client closes it.
async fn serve(stream: TcpStream, answer: Arc<Answer>, log: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        let reply = answer(&request);
        let stream = stream.get_mut();
        let has_body = request.method != "HEAD";
        if write(stream, &reply, has_body).await.is_none() {
            return;
        }
    }
}

/// The next request.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: BTreeMap<_, _> = lines[1..].iter().filter_map(header).collect();
    let length = headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        method: method.to_owned(),
        path: decoded(path),
        query: query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(pair)
            .collect(),
        headers,
        body,
    })
}

/// Says whether the connection goes on.
async fn write(stream: &mut TcpStream, reply: &Reply, has_body: bool) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let is_announced = |(name, _): &(&str, String)| *name == "content-length";
    if reply.ends != Ends::Unannounced && !reply.headers.iter().any(is_announced) {
        head += &format!("content-length: {}\r\n", reply.body.len());
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    if !has_body {
        return Some(());
    }
    let sent = match reply.ends {
        Ends::Whole | Ends::Unannounced => reply.body.len(),
        Ends::Reset(bytes) | Ends::Closed(bytes) | Ends::Stalls(bytes) => {
            bytes.min(reply.body.len())
        }
    };
    stream.write_all(&reply.body[..sent]).await.ok()?;
    stream.flush().await.ok()?;
    match reply.ends {
        Ends::Whole => return Some(()),
        Ends::Reset(_) => stream.set_zero_linger().ok()?,
        Ends::Closed(_) | Ends::Unannounced => stream.shutdown().await.ok()?,
        // Longer than any test: the client goes away first, or the server ends.
        Ends::Stalls(_) => tokio::time::sleep(Duration::from_secs(3600)).await,
    }
    None
}
