"""A PostgreSQL server of its own for the benchmark, durable as one in production, on the cores that are not measured."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

import measure


@dataclass
class Server:
    """The number of its first process, and the URL of its database."""

    pid: int
    url: str


@contextmanager
def server(folder, cores):
    """A server with a new cluster in `folder`, which is removed with it."""
    binaries = max(glob.glob("/usr/lib/postgresql/*/bin"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The server refuses to run as root.
    as_owner = {}
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder}
    settings |= {"shared_buffers": "256MB", "max_wal_size": "4GB"}
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    run = [f"{binaries}/initdb", "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C.UTF-8", "-D", folder / "data"]
    subprocess.run(run, check=True, stdout=sys.stderr, cwd=folder, **as_owner)
    log = (folder / "log").open("w")
    command = [f"{binaries}/postgres", "-D", folder / "data", *flags]
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, preexec_fn=measure.pin(cores), **as_owner)
    try:
        ready = [f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready).returncode != 0:
            if process.poll() is not None:
                sys.exit(f"bench: PostgreSQL does not start: {folder / 'log'}")
        yield Server(process.pid, f"postgres://bench@127.0.0.1:{port}/postgres?sslmode=disable")
    finally:
        process.terminate()
        process.wait()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
