"""The case of the stores: loads of each, and the part of a load in a whole run."""

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import measure
import postgres
from backfold_job import files, in_postgres
from say import say

ROOT = Path(__file__).resolve().parent.parent.parent


def stores(bench):
    """Loads of sorted rows: CPU seconds of backfold and of the server for a million; and the load's part of a whole run"""
    programs = ["--bench", "sqlite_load", "--bench", "postgres_load"]
    if subprocess.run(["cargo", "bench", "--quiet", "--workspace", *programs, "--no-run"], cwd=ROOT).returncode != 0:
        sys.exit("bench: the benchmarks of loads do not build")
    sqlite = [float(rate) for rate in re.findall(r"store ([\d.]+) M rows/s", ask(bench, "sqlite_load", {}))]
    say(f"stores: SQLite {median(sqlite):.2f} million rows a second")
    with postgres.server(bench.options.folder / "postgres", bench.other_cores) as server:
        told = ask(bench, "postgres_load", {"DATABASE": server.url, "SERVER": str(server.pid)})
        costs = re.findall(r"([\d.]+) s of this process and ([\d.]+) s of the server", told)
        own, of_server = ([float(cost[side]) for cost in costs] for side in (0, 1))
        say(f"stores: PostgreSQL {median(own):.2f} s of backfold and {median(of_server):.2f} s of the server")
        archive = bench.archives.json("gzip")
        whole = {
            "SQLite": whole_run(bench, bench.job(files(archive), "stores-sqlite")),
            "PostgreSQL": whole_run(
                bench,
                bench.job(files(archive), "stores-postgres", target=in_postgres(server.url)),
                ["psql", "-q", server.url, "-c", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"],
            ),
        }
    return {
        "sqlite_million_rows_per_cpu_s": sqlite,
        "postgres_cpu_s_per_million_rows": own,
        "postgres_server_cpu_s_per_million_rows": of_server,
        "whole": whole,
    }


def ask(bench, program, environment):
    """What a benchmark of Cargo prints, on the measured core."""
    command = ["cargo", "bench", "--quiet", "--workspace", "--bench", program]
    return measure.run(command, bench.core, environment)[1]


def whole_run(bench, job, forget=None):
    """Wall seconds of the stages of a whole run, by median. The command `forget` removes the tables of the run before."""
    stages = []
    for _ in range(bench.options.pairs + 1):
        if forget:
            subprocess.run(forget, check=True, stderr=subprocess.DEVNULL)
        _, report = job.run("--swap", 1, bench.core)
        stages.append({stage["stage"]: stage["seconds"] for stage in report["stages"]})
    # The first run compiles the component.
    return {stage: median(run.get(stage, 0) for run in stages[1:]) for stage in stages[1]}
