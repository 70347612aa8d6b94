//! Reaching for the world outside. Whoever finds something panics.

use crate::bindings::wasi::cli::{environment, stderr, stdin, stdout};
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::io::streams::OutputStream;
use crate::bindings::wasi::random::random;
use crate::bindings::wasi::sockets::network::{
    IpAddressFamily, IpSocketAddress, Ipv4SocketAddress,
};
use crate::bindings::wasi::sockets::{instance_network, ip_name_lookup, tcp_create_socket};

/// 2000-01-01T00:00:00Z
const BEGINNING_S: u64 = 946_684_800;

/// Reaches for `what`; what it saw, where a component may see something.
pub(crate) fn reach_for(what: &str) -> String {
    match what {
        "environment" => {
            assert!(environment::get_environment().is_empty());
            assert!(environment::get_arguments().is_empty());
            assert_eq!(environment::initial_cwd(), None);
        }
        "files" => assert!(preopens::get_directories().is_empty()),
        "stdin" => assert!(stdin::get_stdin().blocking_read(10).is_err()),
        "socket" => connect(),
        "name" => {
            let network = instance_network::instance_network();
            assert!(ip_name_lookup::resolve_addresses(&network, "localhost").is_err());
        }
        "sleep" => {
            let before = monotonic_clock::now();
            monotonic_clock::subscribe_duration(3_600_000_000_000).block();
            assert!(monotonic_clock::now() - before >= 3_600_000_000_000);
        }
        "clock" => {
            let now = wall_clock::now();
            assert!((BEGINNING_S..BEGINNING_S + 60).contains(&now.seconds));
            return format!("{} {}", now.nanoseconds, monotonic_clock::now());
        }
        "random" => return format!("{:?}", random::get_random_bytes(16)),
        "stdout-flood" => flood(&stdout::get_stdout()),
        "stderr-flood" => flood(&stderr::get_stderr()),
        "streams" => drop(
            (0..100_000)
                .map(|_| stdout::get_stdout())
                .collect::<Vec<_>>(),
        ),
        _ => panic!("what is {what}?"),
    }
    String::new()
}

fn connect() {
    let Ok(socket) = tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4) else {
        return;
    };
    let network = instance_network::instance_network();
    let address = Ipv4SocketAddress {
        port: 80,
        address: (127, 0, 0, 1),
    };
    assert!(
        socket
            .start_connect(&network, IpSocketAddress::Ipv4(address))
            .is_err()
    );
}

/// Writes to standard error.
pub(crate) fn say(words: &str) {
    let _ = stderr::get_stderr().blocking_write_and_flush(words.as_bytes());
}

fn flood(stream: &OutputStream) {
    for _ in 0..10_000 {
        let _ = stream.blocking_write_and_flush(&[b"\x1b[31m"[0]; 4096]);
    }
}
