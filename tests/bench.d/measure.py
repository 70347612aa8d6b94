"""Runs a command and says what it cost."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Cost:
    """CPU and wall time in seconds, and the peak of the resident memory in bytes."""

    cpu_s: float
    wall_s: float
    peak_bytes: int


def run(command, cores):
    """Runs `command` on the given cores only. Returns its cost and its standard output."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    output = process.stdout.read()
    # Not `process.wait()`: only wait4 says what this one process used.
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        command = " ".join(map(str, command))
        sys.exit(f"bench: exit code {process.returncode} of {command}\n{output.decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss * 1024), output.decode()
