"""The job in DuckDB, on one thread: count and sum by page and day, into a table on disk.

    duckdb_job.py ARCHIVE DATABASE

Prints what the query alone cost, without Python's start, and what came out.
"""

import json
import os
import resource
import sys
import time

import duckdb

archive, database = sys.argv[1:]
for leftover in (database, database + ".wal"):
    if os.path.exists(leftover):
        os.remove(leftover)

connection = duckdb.connect(database, config={"threads": 1, "preserve_insertion_order": False})
began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
connection.execute(
    f"""
    CREATE TABLE page_days AS
    SELECT page_id AS page, ts::DATE AS day, count(*) AS events, sum(duration_ms)::BIGINT AS total_ms
    FROM read_json('{archive}/**/*', format = 'newline_delimited',
                   columns = {{ts: 'TIMESTAMP', page_id: 'VARCHAR', duration_ms: 'BIGINT'}})
    GROUP BY ALL
    """
)
connection.execute("CHECKPOINT")
after = resource.getrusage(resource.RUSAGE_SELF)
rows, events, total_ms = connection.execute(
    "SELECT count(*), sum(events)::BIGINT, sum(total_ms)::BIGINT FROM page_days"
).fetchone()
print(
    json.dumps(
        {
            "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "wall_s": time.monotonic() - began,
            "peak_bytes": after.ru_maxrss * 1024,
            "result": [rows, events, total_ms],
        }
    )
)
