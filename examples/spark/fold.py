#!/usr/bin/env python3
"""Folds a build of backfold on Spark, a task for each unit. README.md says how to submit it."""

import argparse
import json
import os
import shutil
import subprocess
import tempfile

from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf


def backfold(program, *words):
    """The answer of a command. A worker with --lease ends with this process, since its standard input does."""
    command = [shutil.which(program) or SparkFiles.get(program), *map(str, words), "--output", "json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        answer = process.stdout.read()
        code = process.wait()
    if code != 0:
        error = json.loads(answer)["error"] if answer else {"code": "none", "message": "killed", "advice": "see its log"}
        said = ": ".join([error["message"], *error.get("causes", [])])
        call = " ".join(command)
        raise RuntimeError(f"{call} ended with {code}: error[{error['code']}]: {said}; do: {error['advice']}")
    return json.loads(answer)["result"]


def fold(spark, program, build, number, units):
    """Folds units of a round. An error fails its task; Spark starts a task `spark.task.maxFailures` times."""
    cores = spark.conf.get("spark.task.cpus", "1")

    def worker(index):
        scratch = os.environ.get("SPARK_LOCAL_DIRS", tempfile.gettempdir()).split(",")[0]
        choice = ["--unit", units[index], "--round", number]
        return backfold(program, "worker", build, *choice, "--workers", cores, "--scratch", scratch, "--lease")["state"]

    # Nondeterministic: called once for each row. Without Arrow, which not all executors have.
    state = udf(worker, "string", useArrow=False).asNondeterministic()
    spark.range(0, len(units), 1, numPartitions=len(units)).select(state("id")).collect()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("build", metavar="BUILD|JOB", help="a staged build; with --share, the job file of one to stage")
parser.add_argument("--share", help="s3://bucket/prefix, or a folder that all machines have")
parser.add_argument("--units", help="the most units, if the job is to be staged")
parser.add_argument("--backfold", default="backfold", help="the command: its path, or the name of a file of --files")
options = parser.parse_args()
spark = SparkSession.builder.appName("backfold").getOrCreate()
program, build = options.backfold, options.build
if options.share:
    share = options.share if "://" in options.share else os.path.abspath(options.share)
    units = ["--units", options.units] if options.units else []
    build = backfold(program, "stage", options.build, "--share", share, *units)["build"]
    print(f"staged {build}", flush=True)
folded = set()
while not (found := backfold(program, "seal", build))["sealed"]:
    if found["round"] in folded:
        raise RuntimeError(f"{build}: units were folded and are left nevertheless: {found['left']}")
    folded.add(found["round"])
    print(f"round {found['round']}: folding {len(found['left'])} units", flush=True)
    fold(spark, program, build, found["round"], found["left"])
job = options.build if options.share else "JOB"
print(f"sealed; on one machine: backfold run {job} --share {build.rsplit('/', 2)[0]}", flush=True)
spark.stop()
