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

/// How long a test waits for the proxy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes that pass at once.
const CHUNK: usize = 64 << 10;

/// The most bytes of a pattern.
const PATTERN: usize = 256;

/// The way of bytes through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What becomes of a connection, on both of its sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is closed: each side reads the end of the stream, or gets an error if it was sending.
    Cut,
    /// It is reset: each side gets an error, and what was sent and not yet read is lost.
    Reset,
    /// It stays open, and nothing passes any more until it is cut or reset.
    Stall,
}

/// Where a connection ends, once. What passes before that passes whole.
#[derive(Clone, Debug)]
pub struct Fault {
    place: Place,
    ending: Ending,
}

#[derive(Clone, Debug)]
enum Place {
    /// So many bytes are still to pass, over all connections.
    Behind(Direction, u64),
    Before(Vec<u8>),
    AnswerTo(Vec<u8>),
    /// The next byte that the server sends on this connection.
    Answer(u64),
}

impl Fault {
    /// When `bytes` more have passed in a direction, over all connections: the one that the last of them passed on.
    pub fn behind(direction: Direction, bytes: u64, ending: Ending) -> Self {
        let place = Place::Behind(direction, bytes);
        Fault { place, ending }
    }

    /// When a client sends `pattern`, of 1 to 256 bytes, which the server never gets whole.
    pub fn before(pattern: impl AsRef<[u8]>, ending: Ending) -> Self {
        let place = Place::Before(pattern.as_ref().to_vec());
        Fault { place, ending }
    }

    /// When the server begins to answer after a client sent `pattern`: the server has done what it was asked, and the
    /// client gets no byte of the answer.
    pub fn answer_to(pattern: impl AsRef<[u8]>, ending: Ending) -> Self {
        let place = Place::AnswerTo(pattern.as_ref().to_vec());
        Fault { place, ending }
    }

    /// How many bytes of `new`, behind `tail`, still pass if the fault happens in them.
    fn meets(&mut self, id: u64, way: Direction, tail: &[u8], new: &[u8]) -> Option<usize> {
        let find = |pattern: &[u8]| {
            // It ends in `new`, and may begin before.
            let before = &tail[tail.len().saturating_sub(pattern.len() - 1)..];
            let text = [before, new].concat();
            let at = text
                .windows(pattern.len())
                .position(|part| part == pattern)?;
            Some(at.saturating_sub(before.len()))
        };
        match &mut self.place {
            Place::Behind(direction, left) if *direction == way => {
                let passing = (new.len() as u64).min(*left);
                *left -= passing;
                (*left == 0).then_some(passing as usize)
            }
            Place::Before(pattern) if way == Direction::ToServer => find(pattern),
            Place::AnswerTo(pattern) if way == Direction::ToServer => {
                if find(pattern).is_some() {
                    self.place = Place::Answer(id);
                }
                None
            }
            Place::Answer(of) if way == Direction::ToClient && *of == id => Some(0),
            _ => None,
        }
    }
}

/// What holds for all connections.
#[derive(Clone, Copy, Debug)]
struct Orders {
    /// How often all connections were ended, and how the last time.
    ended: u64,
    ending: Ending,
    delay: Duration,
    is_paused: bool,
    is_refusing: bool,
}

#[derive(Default)]
struct State {
    is_listening: bool,
    /// The open connections, and how often all had been ended when they began.
    open: BTreeMap<u64, u64>,
    accepted: u64,
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
        let set = |orders: &mut Orders| orders.is_refusing = refuse;
        self.shared.orders.send_modify(set);
        self.wait_until("it listens", |state| state.is_listening != refuse)
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
        if let Place::Before(pattern) | Place::AnswerTo(pattern) = &fault.place {
            assert!(
                (1..=PATTERN).contains(&pattern.len()),
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
        let is_refusing = orders.borrow_and_update().is_refusing;
        if is_refusing {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(("127.0.0.1", shared.port)).await.ok();
        }
        shared.change(|state| state.is_listening = listener.is_some());
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = orders.changed() => if changed.is_err() { return },
            accepted = accepted => if let Ok((client, _)) = accepted {
                let began = shared.orders.borrow().ended;
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
            Ending::Stall => stalled(&shared).await,
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

/// Waits until a connection that stands still is ended otherwise.
async fn stalled(shared: &Shared) -> Ending {
    let began = shared.orders.borrow().ended;
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
        let fault = shared.change(|state| {
            let faults = &mut state.faults;
            // All see what passes, since those that wait for a place count it.
            let met: Vec<_> = faults
                .iter_mut()
                .map(|fault| fault.meets(id, way, &tail, new))
                .collect();
            let first = met.iter().position(Option::is_some)?;
            state.happened += 1;
            Some((met[first]?, state.faults.remove(first).ending))
        });
        let passing = fault.map_or(read, |(passing, _)| passing);
        to.write_all(&new[..passing]).await.map_err(broken)?;
        if let Some((_, ending)) = fault {
            return Err(ending);
        }
        // Patterns may lie in two reads.
        tail.extend_from_slice(new);
        tail.drain(..tail.len().saturating_sub(PATTERN));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{self, Receiver};
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// A server that gives back what it gets, and tells it; with a proxy in front of it.
    fn echo() -> (Proxy, Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, got) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, sender) = (stream.unwrap(), sender.clone());
                thread::spawn(move || {
                    let mut bytes = [0; 1024];
                    // The last message of a connection is empty: its end.
                    loop {
                        let read = stream.read(&mut bytes).unwrap_or(0);
                        let _ = sender.send(bytes[..read].to_vec());
                        if read == 0 || stream.write_all(&bytes[..read]).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (Proxy::start(port).unwrap(), got)
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// Sends and reads the answer.
    fn ask(client: &mut TcpStream, text: &str) -> io::Result<String> {
        client.write_all(text.as_bytes())?;
        let mut answer = vec![0; text.len()];
        client.read_exact(&mut answer)?;
        Ok(String::from_utf8(answer).unwrap())
    }

    /// What the server got until a connection of it ended.
    fn until_end(got: &Receiver<Vec<u8>>) -> String {
        let parts = got.iter().take_while(|part| !part.is_empty());
        String::from_utf8(parts.collect::<Vec<_>>().concat()).unwrap()
    }

    #[test]
    fn bytes_pass_and_so_do_ends() {
        let (proxy, got) = echo();
        let mut client = client(&proxy);
        let large = "x".repeat(300_000);
        let mut writer = client.try_clone().unwrap();
        let sent = large.clone();
        let writing = thread::spawn(move || {
            writer.write_all(sent.as_bytes()).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        writing.join().unwrap();
        assert!(answer == large && until_end(&got) == large);
        assert_eq!((proxy.accepted(), proxy.happened()), (1, 0));
    }

    #[test]
    fn all_connections_are_cut_or_reset() {
        let (proxy, got) = echo();
        let [mut first, mut second] = [client(&proxy), client(&proxy)];
        assert_eq!(ask(&mut first, "one").unwrap(), "one");
        assert_eq!(ask(&mut second, "two").unwrap(), "two");
        proxy.end_all(Ending::Cut).unwrap();
        assert_eq!(first.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(second.read(&mut [0; 8]).unwrap(), 0);
        let mut third = client(&proxy);
        assert_eq!(ask(&mut third, "three").unwrap(), "three");
        proxy.end_all(Ending::Reset).unwrap();
        let error = third.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let ends = got.iter().filter(|part| part.is_empty());
        assert_eq!(ends.take(3).count(), 3);
    }

    #[test]
    fn new_connections_are_refused_for_a_while() {
        let (proxy, _got) = echo();
        let mut before = client(&proxy);
        proxy.refuse(true).unwrap();
        let error = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(ask(&mut before, "still there").unwrap(), "still there");
        proxy.refuse(false).unwrap();
        assert_eq!(ask(&mut client(&proxy), "again").unwrap(), "again");
    }

    #[test]
    fn a_delay_takes_its_time_both_ways() {
        let (proxy, _got) = echo();
        proxy.delay(Duration::from_millis(30));
        let began = Instant::now();
        assert_eq!(ask(&mut client(&proxy), "late").unwrap(), "late");
        assert!(began.elapsed() >= Duration::from_millis(60));
    }

    #[test]
    fn a_pause_loses_nothing() {
        let (proxy, _got) = echo();
        let mut client = client(&proxy);
        assert_eq!(ask(&mut client, "one").unwrap(), "one");
        proxy.pause(true);
        client.write_all(b"two").unwrap();
        client
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let kind = client.read(&mut [0; 8]).unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut),
            "{kind}"
        );
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        proxy.pause(false);
        let mut answer = [0; 3];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"two");
    }

    #[test]
    fn a_connection_ends_behind_so_many_bytes() {
        let (proxy, got) = echo();
        proxy.inject(Fault::behind(Direction::ToServer, 5, Ending::Cut));
        let mut cut = client(&proxy);
        assert_eq!(ask(&mut cut, "abc").unwrap(), "abc");
        assert!(ask(&mut cut, "defg").is_err());
        assert_eq!(until_end(&got), "abcde");
        proxy.inject(Fault::behind(Direction::ToClient, 2, Ending::Cut));
        let mut cut = client(&proxy);
        cut.write_all(b"hijk").unwrap();
        let mut answer = Vec::new();
        cut.read_to_end(&mut answer).unwrap();
        assert_eq!(
            (answer, until_end(&got)),
            (b"hi".to_vec(), "hijk".to_owned())
        );
        assert_eq!(proxy.happened(), 2);
        assert_eq!(ask(&mut client(&proxy), "once each").unwrap(), "once each");
    }

    #[test]
    fn a_connection_ends_before_a_pattern_arrives() {
        let (proxy, got) = echo();
        let mut cut = client(&proxy);
        assert_eq!(
            ask(&mut cut, "COMMIT of before").unwrap(),
            "COMMIT of before"
        );
        proxy.inject(Fault::before("COMMIT", Ending::Reset));
        assert_eq!(ask(&mut cut, "; INSERT; COM").unwrap(), "; INSERT; COM");
        assert!(ask(&mut cut, "MIT; DROP").is_err());
        assert_eq!(until_end(&got), "COMMIT of before; INSERT; COM");
        assert_eq!(proxy.happened(), 1);
    }

    #[test]
    fn an_answer_is_lost_after_a_pattern_has_arrived() {
        let (proxy, got) = echo();
        proxy.inject(Fault::answer_to("COMMIT", Ending::Cut));
        let mut other = client(&proxy);
        let mut cut = client(&proxy);
        assert_eq!(ask(&mut cut, "INSERT").unwrap(), "INSERT");
        cut.write_all(b"COMMIT").unwrap();
        let mut answer = Vec::new();
        cut.read_to_end(&mut answer).unwrap();
        assert_eq!(
            (answer.len(), until_end(&got)),
            (0, "INSERTCOMMIT".to_owned())
        );
        assert_eq!(ask(&mut other, "COMMIT").unwrap(), "COMMIT");
        proxy.wait_for_faults(1).unwrap();
    }

    #[test]
    fn a_connection_stands_still_until_it_is_reset() {
        let (proxy, _got) = echo();
        proxy.inject(Fault::before("COMMIT", Ending::Stall));
        let mut stalled = client(&proxy);
        stalled.write_all(b"COMMIT").unwrap();
        proxy.wait_for_faults(1).unwrap();
        assert_eq!(
            ask(&mut client(&proxy), "others pass").unwrap(),
            "others pass"
        );
        proxy.end_all(Ending::Reset).unwrap();
        let error = stalled.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
