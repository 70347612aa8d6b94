//! The task of a connection: it moves bytes, passes warnings on, and cancels what runs on the server.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{AsyncMessage, CancelToken};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::sync::CancellationToken;

use super::Way;
use super::dial::Wire;
use crate::store::postgres::fault;

/// How long a connection whose client is gone has to end by itself, and again once its statement was cancelled.
const GRACE: Duration = Duration::from_secs(1);
/// The time between the first two cancellations, which doubles from one to the next: a statement that began just behind
/// one of them runs on.
const AGAIN: Duration = Duration::from_millis(100);
/// The longest time between two cancellations.
const LONGEST: Duration = Duration::from_secs(2);

/// What a connection's task needs to know.
pub(super) struct Line {
    pub(super) token: CancelToken,
    pub(super) tls: MakeRustlsConnect,
    /// The call is cancelled.
    pub(super) cancel: CancellationToken,
    /// The client is gone.
    pub(super) closing: CancellationToken,
    pub(super) way: Arc<Way>,
}

/// Runs a connection until it ends, or until its client is gone and the server had time to notice.
pub(super) async fn drive(wire: Wire, line: Line) {
    let mut running = pin!(run(wire, &line.way));
    tokio::select! {
        () = &mut running => return,
        () = line.closing.cancelled() => {}
        () = line.cancel.cancelled() => {
            let cancelling = async {
                let mut pause = AGAIN;
                loop {
                    line.cancel_statement().await;
                    tokio::time::sleep(pause).await;
                    pause = LONGEST.min(2 * pause);
                }
            };
            tokio::select! {
                () = &mut running => return,
                () = line.closing.cancelled() => {}
                () = cancelling => {}
            }
        }
    }
    if tokio::time::timeout(GRACE, &mut running).await.is_ok() {
        return;
    }
    // A statement whose result nobody waits for would hold its locks.
    let ending = async { tokio::join!(line.cancel_statement(), &mut running) };
    if tokio::time::timeout(GRACE, ending).await.is_err() {
        tracing::debug!("a connection is closed while its statement runs");
    }
}

impl Line {
    /// Asks the server to cancel the statement that runs, if any.
    async fn cancel_statement(&self) {
        let asked = self.token.cancel_query(self.tls.clone());
        match tokio::time::timeout(GRACE, asked).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("the statement cannot be cancelled: {error}"),
            Err(_) => tracing::debug!("the statement cannot be cancelled: no answer"),
        }
    }
}

/// Moves bytes until the connection ends. The reason is kept before the client can see the end.
async fn run(mut wire: Wire, way: &Way) {
    loop {
        match poll_fn(|context| wire.poll_message(context)).await {
            None => return,
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::warn!("PostgreSQL: {}", notice.message());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if !error.is_closed() {
                    way.lose(match error.as_db_error() {
                        Some(said) => said.message().to_owned(),
                        None => fault::with_causes(&error).to_string(),
                    });
                }
                return;
            }
        }
    }
}
