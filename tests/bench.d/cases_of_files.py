"""The cases with an archive in a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import measure
from archives import stored_bytes
from backfold_job import files
from say import say

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def plain(bench):
    """JSON Lines against DuckDB: CPU seconds on one core, of the fold alone and of the whole run"""
    return against_duckdb(bench, "plain", bench.archives.json("none"), "json")


def gzip(bench):
    """The same, in gzip"""
    return against_duckdb(bench, "gzip", bench.archives.json("gzip"), "json")


def zstd(bench):
    """The same, in zstd"""
    return against_duckdb(bench, "zstd", bench.archives.json("zstd"), "json")


def csv(bench):
    """The same, as CSV"""
    return against_duckdb(bench, "csv", bench.archives.csv(), "csv")


def parquet(bench):
    """The same, as Parquet, of which 3 of 13 columns are read"""
    return against_duckdb(bench, "parquet", bench.archives.parquet(), "parquet")


def against_duckdb(bench, case, archive, form):
    job = bench.job(files(archive), case)
    database = bench.options.folder / "jobs" / case / "duckdb.db"
    # This run is not measured: it compiles the component, and brings the archive into memory.
    job.run("--only-fold", 1, bench.core)
    fold, whole, duckdb, stages = [], [], [], []
    for _ in range(bench.options.pairs):
        cost, report = job.run("--only-fold", 1, bench.core)
        fold.append(cost.cpu_s)
        stages.append(report["workers"] | {"merge": merge_us(report)})
        command = [sys.executable, HERE / "duckdb_job.py", archive, form, database]
        theirs = json.loads(measure.run(command, bench.core)[1])
        duckdb.append(theirs["cpu_s"])
        whole.append(job.run("--swap", 1, bench.core)[0].cpu_s)
        say(f"{case}: fold {fold[-1]:.2f} s, whole run {whole[-1]:.2f} s, DuckDB {duckdb[-1]:.2f} s")
        if job.result() != theirs["result"]:
            sys.exit(f"bench: backfold {job.result()} and DuckDB {theirs['result']} disagree")
    base, size = median(duckdb), stored_bytes(archive)
    return {
        "duckdb_cpu_s": duckdb,
        "fold_cpu_s": fold,
        "whole_cpu_s": whole,
        "rows": theirs["result"][0],
        "stored_bytes": size,
        "fold_bytes_per_s": size / median(fold),
        "fold_ratio": median(fold) / base,
        "whole_ratio": median(whole) / base,
        "stages_us": {stage: median(run[stage] for run in stages) for stage in stages[0]},
    }


def workers(bench):
    """Wall seconds of the fold with one worker and with two, on two cores"""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        say("workers: this machine has one core, nothing to compare")
        return None
    job = bench.job(files(bench.archives.json("gzip")), "workers")
    job.run("--only-fold", 2, set(cores))
    one, two = [], []
    for _ in range(bench.options.pairs):
        one.append(job.run("--only-fold", 1, set(cores))[0].wall_s)
        two.append(job.run("--only-fold", 2, set(cores))[0].wall_s)
        say(f"workers: one {one[-1]:.2f} s, two {two[-1]:.2f} s")
    return {"one_wall_s": one, "two_wall_s": two, "speed_up": median(one) / median(two)}


def memory(bench):
    """Peak memory of the whole run with two workers: as it is, on a longer archive, with more keys"""
    times, pages = bench.options.times, bench.options.pages
    peaks = {}
    for name, archive in {
        "as it is": lambda: bench.archives.json("gzip"),
        f"{times} times longer": lambda: bench.archives.json("gzip", times),
        f"{times} times longer, of {times} times the pages": lambda: bench.archives.json("gzip", times, times * pages),
    }.items():
        peaks[name] = peak(bench.job(files(archive()), "memory"), f"memory {name}")
    return peaks


def peak(job, what):
    """The peak of the resident memory of a whole run with two workers on all cores, in bytes."""
    cores = os.sched_getaffinity(0)
    # This run is not measured: it compiles the component, which may take more memory than the run.
    job.plan(cores)
    peak_bytes = job.run("--swap", 2, cores)[0].peak_bytes
    rows = job.result()[0]
    say(f"{what}: {peak_bytes / 1e6:.0f} MB, {rows} rows")
    return {"peak_bytes": peak_bytes, "rows": rows}


def isolation(bench):
    """CPU seconds of the fold: as it is, and with one record in a thousand that the component traps on"""
    component = bench.options.trapping
    jobs = [
        bench.job(files(archive), name, component)
        for archive, name in ((bench.archives.json("none"), "clean"), (bench.archives.poisoned(), "poisoned"))
    ]
    jobs[0].run("--only-fold", 1, bench.core)
    spent, rejected = ([], []), 0
    for _ in range(bench.options.pairs):
        for job, seconds in zip(jobs, spent):
            cost, report = job.run("--only-fold", 1, bench.core)
            seconds.append(cost.cpu_s)
            rejected = report["rejected"]
        say(f"isolation: clean {spent[0][-1]:.2f} s, poisoned {spent[1][-1]:.2f} s")
    clean_s, poisoned_s = spent
    return {
        "clean_cpu_s": clean_s,
        "poisoned_cpu_s": poisoned_s,
        "rejected": rejected,
        "ratio": median(poisoned_s) / median(clean_s),
    }


def shapes(bench):
    """The decoder alone, by the shape of the JSON: a table of its own"""
    command = ["cargo", "bench", "--quiet", "--workspace", "--bench", "decode"]
    built = subprocess.run([*command, "--no-run"], cwd=ROOT)
    if built.returncode != 0:
        sys.exit("bench: the benchmark of the decoder does not build")
    _, table = measure.run(command, bench.core)
    return {"table": table}


def merge_us(report):
    """Of a run that only folds, the last stage merges its runs and loads nothing."""
    return round(sum(stage["seconds"] for stage in report["stages"] if stage["stage"] == "load") * 1e6)
