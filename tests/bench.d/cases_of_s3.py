"""The cases with an archive in S3, whose servers run on the cores that are not measured."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import gateway
import measure
from backfold_job import Source, files
from cases_of_files import peak
from gateway import Gateway
from say import say

HERE = Path(__file__).resolve().parent

# A range that begins and ends within a month, so that some folders are listed by their folders.
RANGE = ("--from", "2026-02-10", "--to", "2026-11-20")
RANGE_DAYS = 283
# How far outside a range backfold reads keys by default.
LATENESS_DAYS = 1


def s3(bench):
    """CPU seconds of the fold from versitygw on another core, against the fold of the same files"""
    results = {}
    with Gateway(bench.options.folder, bench.other_cores) as server:
        for name, compress in {"plain": "none", "gzip": "gzip"}.items():
            archive = bench.archives.json(compress)
            jobs = [bench.job(files(archive), f"files-{name}"), bench.job(server.upload(archive), f"s3-{name}")]
            spent, stages = ([], []), ([], [])
            for job in jobs:
                job.run("--only-fold", 1, bench.core)
            for _ in range(bench.options.pairs):
                for job, seconds, times in zip(jobs, spent, stages):
                    cost, report = job.run("--only-fold", 1, bench.core)
                    seconds.append(cost.cpu_s)
                    times.append(report["workers"])
                say(f"s3 {name}: files {spent[0][-1]:.2f} s, S3 {spent[1][-1]:.2f} s")
            files_s, s3_s = spent
            results[name] = {
                "files_cpu_s": files_s,
                "s3_cpu_s": s3_s,
                "ratio": median(s3_s) / median(files_s),
                "files_stages_us": stages[0],
                "s3_stages_us": stages[1],
            }
    return results


def memory(bench):
    """Peak memory of the whole run from versitygw with two workers: as it is, and with more objects"""
    times = bench.options.times
    peaks = {}
    with Gateway(bench.options.folder, bench.other_cores) as server:
        for objects, factor in ((bench.options.objects, 1), (bench.options.objects * times, times)):
            job = bench.job(server.upload(bench.archives.json("gzip", factor)), "memory-s3")
            peaks[f"of {objects} objects in S3"] = peak(job, f"memory-s3 {objects} objects")
    few, many = peaks.values()
    return {"peaks": peaks, "ratio": many["peak_bytes"] / few["peak_bytes"]}


def plan_million(bench):
    """Time and peak memory of a plan over a million listed objects: flat, and by folder for a range"""
    results = {}
    for name, listed, flags in (
        ("few objects", 1_000, ()),
        ("flat", bench.options.listed, ()),
        ("in a range", bench.options.listed, RANGE),
    ):
        with listing(listed, bench.other_cores) as source:
            job = bench.job(source, "plan-million")
            # This run is not measured: it compiles the component.
            job.plan(bench.core, *flags)
            spent = []
            for _ in range(bench.options.pairs):
                cost, plan = job.plan(bench.core, *flags)
                spent.append(cost)
        objects = plan["frozen"]["objects"]
        check_objects(objects, listed, bool(flags))
        peak_bytes, wall_s = max(cost.peak_bytes for cost in spent), [cost.wall_s for cost in spent]
        say(f"plan-million {name}: {objects} objects, {median(wall_s):.2f} s, {peak_bytes / 1e6:.0f} MB")
        results[name] = {
            "objects": objects,
            "wall_s": wall_s,
            "cpu_s": [cost.cpu_s for cost in spent],
            "peak_bytes": peak_bytes,
        }
    return results


def check_objects(planned, listed, in_range):
    """All of them; in a range, those of its days and of as many around it as backfold looks at."""
    a_day = listed / 365
    least, most = (a_day * RANGE_DAYS, a_day * (RANGE_DAYS + 2 * LATENESS_DAYS + 1)) if in_range else (listed, listed)
    if not least <= planned <= most:
        sys.exit(f"bench: {planned} objects were planned, not {least:.0f} to {most:.0f}")


@contextmanager
def listing(objects, cores):
    """The source of a job: a server that lists `objects` objects."""
    command = [sys.executable, HERE / "listing_server.py", str(objects)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=measure.pin(cores))
    try:
        url = server.stdout.readline().decode().strip()
        toml = '[source.s3]\nbucket = "clicks"\nprefix = "raw/clicks/"\nlayout = "firehose"'
        yield Source(toml, gateway.environment(url))
    finally:
        server.kill()
        server.wait()
