"""All cases, and the table of their results. Started by tests/bench."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import measure
from backfold_job import Job

CASES = ["plain", "gzip", "zstd", "workers", "memory", "shapes", "isolation"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench", description=__doc__)
    parser.add_argument("--backfold", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--component", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--trapping", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--objects", type=int, default=64)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--pages", type=int, default=70_000, help="about 500,000 pages and days of 2 million events")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each program a case, alternating")
    parser.add_argument("--times", type=int, default=10, help="how many times longer the archive of the memory case is")
    parser.add_argument("--cases", default=",".join(CASES), help=f"which of {', '.join(CASES)}")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that runs are pinned to")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/bench", help="for archives, tables and results.json")
    parser.add_argument("--quick", action="store_true", help="20,000 events and one pair")
    options = parser.parse_args()
    if options.quick:
        options.events, options.pages, options.objects, options.pairs, options.times = 20_000, 2_000, 8, 1, 2
    options.cases = options.cases.split(",")
    return options


class Bench:
    def __init__(self, options):
        self.options = options
        self.results = {"machine": machine(), "events": options.events, "pairs": options.pairs, "cases": {}}

    def archive(self, compress, times=1, pages=None):
        """The folder of an archive, generated when it is first asked for."""
        options, pages = self.options, pages or self.options.pages
        name = f"{options.events}x{times}-{options.objects}-{options.days}d-{pages}p-{compress}"
        folder = options.folder / "archives" / name
        if not folder.exists():
            say(f"generating {name}")
            unfinished = folder.with_suffix(".unfinished")
            settings = {"out": unfinished, "events": options.events, "objects": options.objects, "days": options.days}
            settings |= {"pages": pages, "times": times, "compress": compress, "members": 2}
            flags = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
            subprocess.run([self.options.backfold.with_name("make-archive"), *flags], check=True, stdout=sys.stderr)
            unfinished.rename(folder)
        return folder

    def job(self, archive, name, component=None):
        folder = self.options.folder / "jobs" / name
        return Job(self.options.backfold, component or self.options.component, archive, folder)

    def against_duckdb(self, case, compress):
        """CPU seconds of both on one core: the fold alone, and the whole run."""
        archive, cores = self.archive(compress), {self.options.core}
        job = self.job(archive, case)
        database = self.options.folder / "jobs" / case / "duckdb.db"
        # Not measured: compiles the component, and brings the archive into memory.
        job.run("--only-fold", 1, cores)
        fold, whole, duckdb, stages = [], [], [], []
        for _ in range(self.options.pairs):
            cost, report = job.run("--only-fold", 1, cores)
            fold.append(cost.cpu_s)
            stages.append(report["workers"] | {"merge": merge_us(report)})
            command = [sys.executable, HERE / "duckdb_job.py", archive, database]
            theirs = json.loads(measure.run(command, cores)[1])
            duckdb.append(theirs["cpu_s"])
            whole.append(job.run("--swap", 1, cores)[0].cpu_s)
            say(f"{case}: fold {fold[-1]:.2f} s, whole run {whole[-1]:.2f} s, DuckDB {duckdb[-1]:.2f} s")
            if job.result() != theirs["result"]:
                sys.exit(f"bench: backfold {job.result()} and DuckDB {theirs['result']} disagree")
        base = median(duckdb)
        self.results["cases"][case] = {
            "duckdb_cpu_s": duckdb,
            "fold_cpu_s": fold,
            "whole_cpu_s": whole,
            "rows": theirs["result"][0],
            "fold_ratio": median(fold) / base,
            "whole_ratio": median(whole) / base,
            "stages_us": {stage: median(run[stage] for run in stages) for stage in stages[0]},
        }

    def workers(self):
        """Wall seconds of the fold with one worker and with two, on two cores."""
        cores = sorted(os.sched_getaffinity(0))[:2]
        if len(cores) < 2:
            say("workers: this machine has one core, nothing to compare")
            return
        job = self.job(self.archive("gzip"), "workers")
        job.run("--only-fold", 2, set(cores))
        one, two = [], []
        for _ in range(self.options.pairs):
            one.append(job.run("--only-fold", 1, set(cores))[0].wall_s)
            two.append(job.run("--only-fold", 2, set(cores))[0].wall_s)
            say(f"workers: one {one[-1]:.2f} s, two {two[-1]:.2f} s")
        self.results["cases"]["workers"] = {"one_wall_s": one, "two_wall_s": two, "speed_up": median(one) / median(two)}

    def memory(self):
        """Peak memory of the whole run with two workers: as it is, on a longer archive, with more keys."""
        times, pages = self.options.times, self.options.pages
        cores = os.sched_getaffinity(0)
        peaks = {}
        for name, archive in {
            "as it is": lambda: self.archive("gzip"),
            f"{times} times longer": lambda: self.archive("gzip", times=times),
            f"{times} times longer, of {times} times the pages": lambda: self.archive("gzip", times, times * pages),
        }.items():
            job = self.job(archive(), "memory")
            peak = job.run("--swap", 2, cores)[0].peak_bytes
            rows = job.result()[0]
            say(f"memory {name}: {peak / 1e6:.0f} MB, {rows} rows")
            peaks[name] = {"peak_bytes": peak, "rows": rows}
        self.results["cases"]["memory"] = peaks

    def isolation(self):
        """CPU seconds of the fold on one core: as it is, and with one record in a thousand that the component traps on."""
        clean, cores = self.archive("none"), {self.options.core}
        jobs = [self.job(archive, name, self.options.trapping) for archive, name in
                ((clean, "clean"), (poisoned(clean), "poisoned"))]
        jobs[0].run("--only-fold", 1, cores)
        spent, rejected = ([], []), 0
        for _ in range(self.options.pairs):
            for job, seconds in zip(jobs, spent):
                cost, report = job.run("--only-fold", 1, cores)
                seconds.append(cost.cpu_s)
                rejected = report["rejected"]
            say(f"isolation: clean {spent[0][-1]:.2f} s, poisoned {spent[1][-1]:.2f} s")
        clean_s, poisoned_s = spent
        self.results["cases"]["isolation"] = {
            "clean_cpu_s": clean_s,
            "poisoned_cpu_s": poisoned_s,
            "rejected": rejected,
            "ratio": median(poisoned_s) / median(clean_s),
        }

    def shapes(self):
        """The decoder alone, by what the JSON looks like: a table of its own."""
        command = ["cargo", "bench", "--quiet", "--workspace", "--bench", "decode"]
        built = subprocess.run([*command, "--no-run"], cwd=ROOT)
        if built.returncode != 0:
            sys.exit("bench: the benchmark of the decoder does not build")
        _, table = measure.run(command, {self.options.core})
        self.results["cases"]["shapes"] = table

    def run(self):
        for case in self.options.cases:
            match case:
                case "plain":
                    self.against_duckdb(case, "none")
                case "gzip":
                    self.against_duckdb(case, "gzip")
                case "zstd":
                    self.against_duckdb(case, "zstd")
                case "shapes":
                    self.shapes()
                case "workers":
                    self.workers()
                case "memory":
                    self.memory()
                case "isolation":
                    self.isolation()
                case _:
                    sys.exit(f"bench: no case `{case}`")
        return self.results


POISON_EVERY = 1_000


def poisoned(archive):
    """A copy of the archive in which the page of one event in a thousand is `trap`."""
    folder = archive.with_name(archive.name + "-poisoned")
    if folder.exists():
        return folder
    say(f"generating {folder.name}")
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    number = 0
    for path in sorted(path for path in archive.rglob("*") if path.is_file()):
        copy = unfinished / path.relative_to(archive)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as source, copy.open("wb") as target:
            for line in source:
                number += 1
                if number % POISON_EVERY == POISON_EVERY // 2:
                    line = re.sub(rb'"page_id":"[^"]*"', b'"page_id":"trap"', line)
                target.write(line)
    unfinished.rename(folder)
    return folder


def merge_us(report):
    """Of a run that only folds, the last stage merges its runs and loads nothing."""
    return round(sum(stage["seconds"] for stage in report["stages"] if stage["stage"] == "load") * 1e6)


def machine():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": models[0] if models else os.uname().machine, "cores": os.cpu_count(), "load": os.getloadavg()[0]}


def markdown(results):
    cases, machine = results["cases"], results["machine"]
    yield f"{results['events']:,} events, medians of {results['pairs']}, {machine['cores']} cores of {machine['cpu']}, "
    yield f"load {machine['load']:.1f} when it began.\n"
    compared = [case for case in ("plain", "gzip", "zstd") if case in cases]
    if compared:
        yield "| one core, CPU seconds | DuckDB | backfold, fold alone | ratio | backfold, whole run | ratio |"
        yield "|---|---|---|---|---|---|"
    for case in compared:
        c = cases[case]
        yield (
            f"| {case} | {median(c['duckdb_cpu_s']):.2f} | {median(c['fold_cpu_s']):.2f} | {c['fold_ratio']:.2f} "
            f"| {median(c['whole_cpu_s']):.2f} | {c['whole_ratio']:.2f} |"
        )
    if compared:
        stages = list(cases[compared[0]]["stages_us"])
        yield "\n| fold alone, wall nanoseconds an event | " + " | ".join(stages) + " |"
        yield "|---|" + "---|" * len(stages)
    for case in compared:
        spent = cases[case]["stages_us"]
        row = " | ".join(f"{spent[stage] * 1000 / results['events']:.0f}" for stage in stages)
        yield f"| {case} | {row} |"
    if "workers" in cases:
        c = cases["workers"]
        one, two = median(c["one_wall_s"]), median(c["two_wall_s"])
        yield "\n| fold of gzip on two cores | one worker | two workers | speed-up |\n|---|---|---|---|"
        yield f"| wall seconds | {one:.2f} | {two:.2f} | {c['speed_up']:.2f} |"
    if "memory" in cases:
        yield "\n| whole run, two workers | rows | peak memory |\n|---|---|---|"
        for name, c in cases["memory"].items():
            yield f"| archive {name} | {c['rows']:,} | {c['peak_bytes'] / 1e6:.0f} MB |"
    if "isolation" in cases:
        c = cases["isolation"]
        clean_s, poisoned_s = median(c["clean_cpu_s"]), median(c["poisoned_cpu_s"])
        yield f"\n| fold alone, one core, CPU seconds | clean | {c['rejected']:,} fatal records | ratio |\n|---|---|---|---|"
        yield f"| trapping component | {clean_s:.2f} | {poisoned_s:.2f} | {c['ratio']:.2f} |"
    if "shapes" in cases:
        yield f"\nThe decoder alone, by shape of the records:\n\n{cases['shapes'].strip()}"


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = arguments()
    results = Bench(options).run()
    (options.folder / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\n".join(markdown(results)))
