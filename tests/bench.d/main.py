"""Runs the cases, and prints the table of their results. Started by tests/bench."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import cases_of_files as of_files
import cases_of_kafka as of_kafka
import cases_of_languages as of_languages
import cases_of_s3 as of_s3
import cases_of_stores as of_stores
import report
from archives import Archives
from backfold_job import Job

# The function of a case describes it; `--help` shows its first line.
CASES = {
    "plain": of_files.plain,
    "gzip": of_files.gzip,
    "zstd": of_files.zstd,
    "csv": of_files.csv,
    "parquet": of_files.parquet,
    "workers": of_files.workers,
    "memory": of_files.memory,
    "shapes": of_files.shapes,
    "isolation": of_files.isolation,
    "s3": of_s3.s3,
    "memory-s3": of_s3.memory,
    "plan-million": of_s3.plan_million,
    "kafka": of_kafka.kafka,
    "stores": of_stores.stores,
    "languages": of_languages.languages,
}

# The cases that need versitygw.
OF_GATEWAY = {"s3", "memory-s3"}

ROOT = Path(__file__).resolve().parent.parent.parent


def arguments():
    listed = "\n".join(f"  {name:<14}{case.__doc__.splitlines()[0]}" for name, case in CASES.items())
    parser = argparse.ArgumentParser(
        prog="tests/bench",
        description=__doc__,
        epilog=f"cases:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backfold", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--component", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--payloads", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--trapping", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--objects", type=int, default=64)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--pages", type=int, default=70_000, help="about 500,000 pages and days of 2 million events")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each program a case, alternating")
    parser.add_argument("--times", type=int, default=10, help="how many times longer archives of the memory cases are")
    parser.add_argument("--listed", type=int, default=1_000_000, help="objects that plan-million plans")
    parser.add_argument("--cases", default=",".join(CASES), help="names with commas between; all by default")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that runs are pinned to")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/bench", help="for archives, tables and results.json")
    parser.add_argument("--quick", action="store_true", help="20,000 events, 20,000 listed objects and one pair")
    options = parser.parse_args()
    if options.quick:
        options.events, options.pages, options.objects, options.pairs, options.times = 20_000, 2_000, 8, 1, 2
        options.listed = 20_000
    options.cases = options.cases.split(",")
    options.kafka_bench = options.backfold.with_name("kafka-bench")
    for name in options.cases:
        if name not in CASES:
            parser.error(f"no case `{name}`")
    return options


class Bench:
    """The options, archives and cores of the cases."""

    def __init__(self, options):
        self.options = options
        self.archives = Archives(options)
        # The core of the measured command, and those of servers: the others, if there are any.
        self.core = {options.core}
        self.other_cores = os.sched_getaffinity(0) - self.core or self.core

    def job(self, source, name, component=None, target=None):
        folder = self.options.folder / "jobs" / name
        return Job(self.options.backfold, component or self.options.component, source, folder, target)


def machine():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": models[0] if models else os.uname().machine, "cores": os.cpu_count(), "load": os.getloadavg()[0]}


def main():
    options = arguments()
    if OF_GATEWAY.intersection(options.cases):
        subprocess.run([ROOT / "tests/setup", "s3"], check=True, stdout=sys.stderr)
    if "kafka" in options.cases:
        subprocess.run([ROOT / "tests/setup", "kafka"], check=True, stdout=sys.stderr)
    if "stores" in options.cases:
        subprocess.run([ROOT / "tests/setup", "postgres"], check=True, stdout=sys.stderr)
    bench = Bench(options)
    results = {"machine": machine(), "events": options.events, "pairs": options.pairs, "cases": {}}
    for name in options.cases:
        result = CASES[name](bench)
        if result is not None:
            results["cases"][name] = result
        (options.folder / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\n".join(report.markdown(results)))


if __name__ == "__main__":
    sys.exit(main())
