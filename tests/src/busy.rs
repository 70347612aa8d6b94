//! A front of an HTTP server that answers some requests itself: it is busy (503). It sees nothing of what TLS hides.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::server;

/// The answer of a store that asks to slow down.
const BUSY: &str =
    "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";

/// Which requests find the server busy, by their numbers from 0.
pub type IsBusy = fn(usize) -> bool;

/// A front that runs. It ends with the value.
pub struct BusyFront {
    port: u16,
    refused: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

impl BusyFront {
    /// Starts one in front of a port of 127.0.0.1.
    ///
    /// # Errors
    /// If it finds no port for itself.
    pub fn start(upstream: u16, is_busy: IsBusy) -> Result<Self> {
        let port = server::free_port()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let refused = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&refused);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(async move {
            let mut asked = 0;
            while let Ok((client, _)) = listener.accept().await {
                let passes = !is_busy(asked);
                asked += 1;
                counted.fetch_add(usize::from(!passes), Ordering::Relaxed);
                tokio::spawn(serve(client, passes.then_some(upstream)));
            }
        });
        Ok(BusyFront {
            port,
            refused,
            runtime: Some(runtime),
        })
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests it refused.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for BusyFront {
    fn drop(&mut self) {
        // In a test with a runtime of its own, no other may be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves the one request of a connection, which ends after it: by the server, or as one that is busy.
async fn serve(client: TcpStream, upstream: Option<u16>) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if client.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if line.trim_end().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if !lower.starts_with("connection:") {
            head.extend_from_slice(line.as_bytes());
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await?;
    match upstream {
        Some(port) => {
            head.extend_from_slice(b"Connection: close\r\n\r\n");
            let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
            server.write_all(&head).await?;
            server.write_all(&body).await?;
            tokio::io::copy(&mut server, client.get_mut()).await?;
        }
        None => {
            let length = BUSY.len();
            let answer = format!(
                "HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{BUSY}"
            );
            client.get_mut().write_all(answer.as_bytes()).await?;
        }
    }
    client.get_mut().shutdown().await
}
