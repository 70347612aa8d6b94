"""Runs a command and measures its cost.

    measure.py PIPE COMMAND...

As a program, it runs one command and writes its cost to a pipe, a file descriptor. That it is a small process of its own
matters: the kernel counts the peak of a process from before it became another program, when it was a copy of its parent.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass


@dataclass
class Cost:
    """CPU and wall time in seconds, and the peak of the resident memory in bytes."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    exit_code: int = 0


def pin(cores):
    """Keeps a started process on these cores."""
    return lambda: os.sched_setaffinity(0, cores)


def run(command, cores, environment=None):
    """Runs `command` on the given cores only. Returns its cost and its standard output."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(writing), *command],
        stdout=subprocess.PIPE,
        env=os.environ | (environment or {}),
        pass_fds=[writing],
        preexec_fn=pin(cores),
    )
    os.close(writing)
    output = process.communicate()[0].decode()
    with open(reading) as pipe:
        cost = Cost(**json.load(pipe))
    if cost.exit_code != 0:
        sys.exit(f"bench: exit code {cost.exit_code} of {' '.join(map(str, command))}\n{output}")
    return cost, output


def cost_of(command):
    began = time.monotonic()
    process = subprocess.Popen(command)
    # Not `process.wait()`: only wait4 returns the usage of this one process.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.monotonic() - began,
        peak_bytes=usage.ru_maxrss * 1024,
        exit_code=process.returncode,
    )


if __name__ == "__main__":
    cost = cost_of(sys.argv[2:])
    with open(int(sys.argv[1]), "w") as pipe:
        json.dump(asdict(cost), pipe)
