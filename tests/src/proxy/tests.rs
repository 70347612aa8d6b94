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
    // The proxy has accepted it.
    assert_eq!(ask(&mut before, "there").unwrap(), "there");
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
fn a_fault_waits_for_a_pattern_and_refuses_what_comes_next() {
    let (proxy, _got) = echo();
    let fault = Fault::before("COMMIT", Ending::Cut).once_sent("UPDATE");
    proxy.inject(fault.and_refuse());
    let mut cut = client(&proxy);
    assert_eq!(ask(&mut cut, "COMMIT").unwrap(), "COMMIT");
    assert_eq!(ask(&mut cut, "UPDATE").unwrap(), "UPDATE");
    assert!(ask(&mut cut, "COMMIT").is_err());
    let again = TcpStream::connect(("127.0.0.1", proxy.port()));
    assert!(again.and_then(|mut again| ask(&mut again, "x")).is_err());
    proxy.refuse(false).unwrap();
    assert_eq!(ask(&mut client(&proxy), "x").unwrap(), "x");
    let to_server = proxy.passed(Direction::ToServer);
    assert_eq!(to_server, "COMMITUPDATEx".len() as u64);
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
