"""The job in DuckDB, on one thread: count and sum by page and day, into a table on disk.

    duckdb_job.py ARCHIVE json|csv|parquet DATABASE

Prints what the query alone cost, without Python's start, and what came out.
"""

import json
import os
import resource
import sys
import time

import duckdb

import events

archive, form, database = sys.argv[1:]
for leftover in (database, database + ".wal"):
    if os.path.exists(leftover):
        os.remove(leftover)

connection = duckdb.connect(database, config={"threads": 1, "preserve_insertion_order": False})
began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
connection.execute(
    f"""
    CREATE TABLE page_days AS
    SELECT page_id AS page, ts::DATE AS day, count(*) AS events, sum(duration_ms)::BIGINT AS total_ms
    FROM {events.read(f"'{archive}/**/*'", form)}
    GROUP BY ALL
    """
)
connection.execute("CHECKPOINT")
after = resource.getrusage(resource.RUSAGE_SELF)
rows, count, total_ms = connection.execute(
    "SELECT count(*), sum(events)::BIGINT, sum(total_ms)::BIGINT FROM page_days"
).fetchone()
print(
    json.dumps(
        {
            "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "wall_s": time.monotonic() - began,
            "peak_bytes": after.ru_maxrss * 1024,
            "result": [rows, count, total_ms],
        }
    )
)
