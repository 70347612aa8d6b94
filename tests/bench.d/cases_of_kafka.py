"""What is measured on a topic of a real Kafka broker, which runs on the cores that are not measured."""

import json
import subprocess
import sys
from contextlib import contextmanager
from statistics import median

import measure
from backfold_job import Source, files
from say import say


def kafka(bench):
    """CPU seconds of the fold of a topic, against the fold of the same events as files plus a bare consumer of librdkafka"""
    archive = bench.archives.json("none")
    results = {}
    for name in ("none", "lz4", "zstd"):
        with broker(bench, archive, name) as told:
            topic = bench.job(topic_of(told), f"kafka-{name}")
            plain = bench.job(files(archive), f"kafka-files-{name}")
            bare = [bench.options.kafka_bench, "consume", "--brokers", told["brokers"], "--topic", told["topic"]]
            for job in (topic, plain):
                job.run("--only-fold", 1, bench.core)
            spent = {"kafka": [], "files": [], "bare": []}
            walls, stages = {"kafka": [], "bare": []}, []
            for _ in range(bench.options.pairs):
                cost, report = topic.run("--only-fold", 1, bench.core)
                assert report["counts"]["records"] == told["records"], report["counts"]
                spent["kafka"].append(cost.cpu_s)
                walls["kafka"].append(next(stage["seconds"] for stage in report["stages"] if stage["stage"] == "fold"))
                stages.append(report["workers"])
                spent["files"].append(plain.run("--only-fold", 1, bench.core)[0].cpu_s)
                cost, output = measure.run(bare, bench.core)
                assert json.loads(output)["records"] == told["records"], output
                spent["bare"].append(cost.cpu_s)
                walls["bare"].append(json.loads(output)["seconds"])
                say(f"kafka {name}: " + ", ".join(f"{what} {seconds[-1]:.2f} s" for what, seconds in spent.items()))
            parts = median(spent["files"]) + median(spent["bare"])
            results[name] = {
                "records": told["records"],
                "cpu_s": spent,
                "wall_s": walls,
                "ratio": median(spent["kafka"]) / parts,
                "kafka_stages_us": stages,
            }
    return results


def topic_of(told):
    """All of a topic."""
    return Source(f"[source.kafka]\nbrokers = {json.dumps(told['brokers'])}\ntopics = {json.dumps(told['topic'])}")


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
