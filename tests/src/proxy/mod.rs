//! A proxy between a client and a server on this machine, which delays, cuts and resets connections: at once, or where a
//! test says in what passes. It sees nothing of what TLS hides.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::server;

mod fault;

pub use fault::{Direction, Ending, Fault};

use fault::PATTERN;

/// How long a test waits for the proxy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes that pass at once.
const CHUNK: usize = 64 << 10;

/// What holds for all connections.
#[derive(Clone, Copy, Debug)]
struct Orders {
    /// How often all connections were ended, and how the last time.
    ended: u64,
    ending: Ending,
    delay: Duration,
    is_paused: bool,
    is_refusing: bool,
    /// How often `is_refusing` was ordered.
    refusals: u64,
}

impl Orders {
    fn refuse(&mut self, refuse: bool) {
        self.is_refusing = refuse;
        self.refusals += 1;
    }
}

#[derive(Default)]
struct State {
    is_listening: bool,
    /// The `refusals` of the orders that `is_listening` follows.
    obeyed: u64,
    /// The open connections, and how often all had been ended when they began.
    open: BTreeMap<u64, u64>,
    accepted: u64,
    passed: [u64; 2],
    faults: Vec<Fault>,
    happened: usize,
}

struct Shared {
    upstream: u16,
    port: u16,
    state: Mutex<State>,
    changed: Condvar,
    orders: watch::Sender<Orders>,
}

/// A proxy that runs. It ends, with its connections, with the value.
pub struct Proxy {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// Starts one in front of a port of 127.0.0.1.
    ///
    /// # Errors
    /// If it finds no port for itself.
    pub fn start(upstream: u16) -> Result<Self> {
        let (orders, _) = watch::channel(Orders {
            ended: 0,
            ending: Ending::Cut,
            delay: Duration::ZERO,
            is_paused: false,
            is_refusing: false,
            refusals: 0,
        });
        let shared = Arc::new(Shared {
            upstream,
            port: server::free_port()?,
            state: Mutex::default(),
            changed: Condvar::new(),
            orders,
        });
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build()?;
        runtime.spawn(accept(Arc::clone(&shared)));
        let proxy = Proxy {
            shared,
            runtime: Some(runtime),
        };
        proxy.wait_until("it listens", |state| state.is_listening)?;
        Ok(proxy)
    }

    /// The port of 127.0.0.1 for clients.
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// How many connections there were.
    pub fn accepted(&self) -> u64 {
        self.shared.state().accepted
    }

    /// How many bytes have passed in a direction.
    pub fn passed(&self, direction: Direction) -> u64 {
        self.shared.state().passed[direction as usize]
    }

    /// Ends the connections that there are.
    ///
    /// # Errors
    /// If one does not end.
    pub fn end_all(&self, ending: Ending) -> Result<()> {
        let mut ended = 0;
        self.shared.orders.send_modify(|orders| {
            orders.ended += 1;
            orders.ending = ending;
            ended = orders.ended;
        });
        if ending == Ending::Stall {
            return Ok(());
        }
        self.wait_until("connections end", |state| {
            state.open.values().all(|began| *began >= ended)
        })
    }

    /// Whether new connections are refused, as if no process listened.
    ///
    /// # Errors
    /// If another process listens there meanwhile.
    pub fn refuse(&self, refuse: bool) -> Result<()> {
        let mut ordered = 0;
        self.shared.orders.send_modify(|orders| {
            orders.refuse(refuse);
            ordered = orders.refusals;
        });
        // A fault may have ordered the opposite just before: its state is not the answer to this order.
        self.wait_until("it listens", |state| {
            state.obeyed >= ordered && state.is_listening != refuse
        })
    }

    /// Has all that passes wait for this time: up to 64 KiB at once.
    pub fn delay(&self, delay: Duration) {
        self.shared
            .orders
            .send_modify(|orders| orders.delay = delay);
    }

    /// Whether all that passes waits. Nothing is lost.
    pub fn pause(&self, pause: bool) {
        let set = |orders: &mut Orders| orders.is_paused = pause;
        self.shared.orders.send_modify(set);
    }

    /// Has a fault happen once.
    ///
    /// # Panics
    /// If its pattern has no byte or too many.
    pub fn inject(&self, fault: Fault) {
        for pattern in fault.patterns() {
            let length = pattern.len();
            assert!(
                (1..=PATTERN).contains(&length),
                "a pattern of 1 to {PATTERN} bytes"
            );
        }
        self.shared.state().faults.push(fault);
    }

    /// How many of the injected faults have happened.
    pub fn happened(&self) -> usize {
        self.shared.state().happened
    }

    /// Waits until so many of the injected faults have happened.
    ///
    /// # Errors
    /// If they do not in time.
    pub fn wait_for_faults(&self, count: usize) -> Result<()> {
        self.wait_until("faults happen", |state| state.happened >= count)
    }

    fn wait_until(&self, what: &str, reached: impl Fn(&State) -> bool) -> Result<()> {
        let wait = self
            .shared
            .changed
            .wait_timeout_while(self.shared.state(), PATIENCE, |state| !reached(state));
        let (_state, waited) = wait.unwrap_or_else(PoisonError::into_inner);
        ensure!(!waited.timed_out(), "waited in vain until {what}");
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // In a test with a runtime of its own, no other may be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_all();
        changed
    }
}

async fn accept(shared: Arc<Shared>) {
    let mut orders = shared.orders.subscribe();
    let mut listener = None;
    loop {
        let Orders {
            is_refusing,
            refusals,
            ..
        } = *orders.borrow_and_update();
        if is_refusing {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(("127.0.0.1", shared.port)).await.ok();
        }
        shared.change(|state| {
            state.is_listening = listener.is_some();
            state.obeyed = refusals;
        });
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = orders.changed() => if changed.is_err() { return },
            accepted = accepted => if let Ok((client, _)) = accepted {
                let Orders { ended: began, is_refusing, .. } = *shared.orders.borrow();
                if is_refusing {
                    // Accepted before the listener is closed, which comes next.
                    let _ = client.set_zero_linger();
                    continue;
                }
                let id = shared.change(|state| {
                    state.accepted += 1;
                    state.open.insert(state.accepted, began);
                    state.accepted
                });
                tokio::spawn(connection(Arc::clone(&shared), id, began, client));
            },
        }
    }
}

async fn connection(shared: Arc<Shared>, id: u64, began: u64, mut client: TcpStream) {
    let server = TcpStream::connect(("127.0.0.1", shared.upstream)).await;
    if let Ok(mut server) = server {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ending = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let pumps = async {
                let there = pump(&shared, id, Direction::ToServer, from_client, to_server);
                let back = pump(&shared, id, Direction::ToClient, from_server, to_client);
                match tokio::try_join!(there, back) {
                    Ok(((), ())) => Ending::Cut,
                    Err(ending) => ending,
                }
            };
            tokio::select! {
                ending = pumps => ending,
                ending = ordered(&shared, began) => ending,
            }
        };
        let ending = match ending {
            Ending::Stall => stalled(&shared, began).await,
            ending => ending,
        };
        if ending == Ending::Reset {
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    } else {
        let _ = client.set_zero_linger();
    }
    drop(client);
    shared.change(|state| state.open.remove(&id));
}

/// Waits until all connections are ended that began before.
async fn ordered(shared: &Shared, began: u64) -> Ending {
    let mut orders = shared.orders.subscribe();
    match orders.wait_for(|orders| orders.ended > began).await {
        Ok(orders) => orders.ending,
        Err(_) => Ending::Cut,
    }
}

/// Waits until a connection that stands still, and began after so many orders, is ended otherwise.
async fn stalled(shared: &Shared, began: u64) -> Ending {
    let mut orders = shared.orders.subscribe();
    let ends = |orders: &Orders| orders.ended > began && orders.ending != Ending::Stall;
    match orders.wait_for(ends).await {
        Ok(orders) => orders.ending,
        Err(_) => Ending::Cut,
    }
}

/// Passes bytes on until there are no more, or until a fault.
async fn pump(
    shared: &Shared,
    id: u64,
    way: Direction,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
) -> Result<(), Ending> {
    let broken = |_: io::Error| Ending::Reset;
    let mut orders = shared.orders.subscribe();
    let mut bytes = vec![0; CHUNK];
    let mut tail = Vec::new();
    loop {
        let read = from.read(&mut bytes).await.map_err(broken)?;
        if read == 0 {
            return to.shutdown().await.map_err(broken);
        }
        let delay = orders.borrow().delay;
        tokio::time::sleep(delay).await;
        let passes = orders.wait_for(|orders| !orders.is_paused).await;
        drop(passes.map_err(|_| Ending::Cut)?);
        let new = &bytes[..read];
        let (passing, fault) = shared.change(|state| {
            let faults = &mut state.faults;
            // All see what passes, since those that wait for a place count it.
            let met: Vec<_> = faults
                .iter_mut()
                .map(|fault| fault.meets(id, way, &tail, new))
                .collect();
            let first = met.iter().position(Option::is_some);
            let fault = first.map(|first| (met[first], state.faults.remove(first)));
            state.happened += usize::from(fault.is_some());
            let passing = fault.as_ref().and_then(|(passing, _)| *passing);
            let passing = passing.unwrap_or(read);
            state.passed[way as usize] += passing as u64;
            (passing, fault.map(|(_, fault)| fault))
        });
        to.write_all(&new[..passing]).await.map_err(broken)?;
        if let Some(fault) = fault {
            if fault.refuses {
                shared.orders.send_modify(|orders| {
                    orders.refuse(true);
                    orders.ended += 1;
                    orders.ending = fault.ending;
                });
            }
            return Err(fault.ending);
        }
        // Patterns may lie in two reads.
        tail.extend_from_slice(new);
        tail.drain(..tail.len().saturating_sub(PATTERN));
    }
}

#[cfg(test)]
mod tests;
