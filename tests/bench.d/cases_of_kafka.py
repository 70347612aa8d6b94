"""The cases with a topic of a real Kafka broker, which runs on the cores that are not measured."""

import json
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from statistics import median

import measure
from backfold_job import Source, files
from say import say


def kafka(bench):
    """CPU seconds of the fold of a topic, against the fold of the same events as files plus a bare consumer of librdkafka; \
and of its messages as they are, against the bare consumer"""
    archive = bench.archives.json("none")
    results = {}
    for compression in ("none", "lz4", "zstd"):
        with broker(bench, archive, compression) as told:
            records = told["records"]
            jobs = {
                "json": bench.job(topic_of(told), f"kafka-{compression}"),
                "raw": bench.job(topic_of(told, RAW), f"kafka-raw-{compression}", bench.options.payloads),
                "files": bench.job(files(archive), f"kafka-files-{compression}"),
            }
            bare = [bench.options.kafka_bench, "consume", "--brokers", told["brokers"], "--topic", told["topic"]]
            for job in jobs.values():
                job.run("--only-fold", 1, bench.core)
            spent, walls = defaultdict(list), defaultdict(list)
            for _ in range(bench.options.pairs):
                for what, job in jobs.items():
                    cost, report = job.run("--only-fold", 1, bench.core)
                    assert report["counts"]["events"] > 0 and report["counts"]["records"] == records, report["counts"]
                    spent[what].append(cost.cpu_s)
                    walls[what].append(next(one["seconds"] for one in report["stages"] if one["stage"] == "fold"))
                cost, output = measure.run(bare, bench.core)
                assert json.loads(output)["records"] == records, output
                spent["bare"].append(cost.cpu_s)
                walls["bare"].append(json.loads(output)["seconds"])
                say(f"kafka {compression}: " + ", ".join(f"{what} {seconds[-1]:.2f} s" for what, seconds in spent.items()))
            parts = [files_s + bare_s for files_s, bare_s in zip(spent["files"], spent["bare"])]
            results[compression] = {
                "records": records,
                "cpu_s": spent,
                "wall_s": walls,
                "ratio": median(json_s / both for json_s, both in zip(spent["json"], parts)),
                "raw_rate_ratio": median(bare_s / raw_s for bare_s, raw_s in zip(walls["bare"], walls["raw"])),
            }
    return results


# The settings of a job that does not decode messages.
RAW = '[decode]\nformat = "raw-objects"'


def topic_of(told, more=""):
    """All of a topic."""
    place = f"brokers = {json.dumps(told['brokers'])}\ntopics = {json.dumps(told['topic'])}"
    return Source(f"[source.kafka]\n{place}\n{more}")


@contextmanager
def broker(bench, archive, compression):
    """A broker with a topic of one partition that holds the events of an archive."""
    command = [bench.options.kafka_bench, "serve", "--archive", archive, "--compression", compression]
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        preexec_fn=measure.pin(bench.other_cores),
    )
    try:
        line = server.stdout.readline()
        if not line:
            sys.exit("bench: the broker did not start")
        yield json.loads(line)
    finally:
        server.stdin.close()
        server.wait()
