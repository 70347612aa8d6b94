"""The archives of the cases: each is written at its first use, and kept."""

import re
import shutil
import subprocess
import sys

import duckdb

import events
from say import say

# Objects of the Parquet archive: larger ones than those of JSON, as writers of Parquet make them.
PARQUET_OBJECTS = 8

POISON_EVERY = 1_000


class Archives:
    def __init__(self, options):
        self.options = options

    def json(self, compress, times=1, pages=None):
        """JSON Lines; `compress` is `none`, `gzip` or `zstd`."""
        options, pages = self.options, pages or self.options.pages

        def write(folder):
            settings = {"out": folder, "events": options.events, "objects": options.objects, "days": options.days}
            settings |= {"pages": pages, "times": times, "compress": compress, "members": 2}
            flags = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
            subprocess.run([options.backfold.with_name("make-archive"), *flags], check=True, stdout=sys.stderr)

        return self.made(f"{options.events}x{times}-{options.objects}-{options.days}d-{pages}p-{compress}", write)

    def parquet(self):
        """The same events in the few objects that writers of Parquet make, with all columns."""
        source = self.json("none")
        objects = objects_of(source)
        size = -(-len(objects) // PARQUET_OBJECTS)
        groups = [objects[first : first + size] for first in range(0, len(objects), size)]

        def write(folder):
            columns = "* REPLACE (ts::TIMESTAMP AS ts)"
            for number, group in enumerate(groups):
                copy(group, columns, folder / f"part-{number:05}.parquet", "FORMAT parquet")

        return self.made(source.name + "-parquet", write)

    def csv(self):
        """The same events and objects, with a header; members of objects are columns of their own."""
        source = self.json("none")

        def write(folder):
            columns = "* EXCLUDE (geo, device), geo.country AS geo_country, geo.city AS geo_city, "
            columns += "device.os AS device_os, device.browser AS device_browser"
            for number, path in enumerate(objects_of(source)):
                copy([path], columns, folder / f"part-{number:05}.csv", "FORMAT csv, HEADER")

        return self.made(source.name + "-csv", write)

    def poisoned(self):
        """Plain JSON in which the page of one event in a thousand is `trap`."""
        source = self.json("none")

        def write(folder):
            number = 0
            for path in objects_of(source):
                copied = folder / path.relative_to(source)
                copied.parent.mkdir(parents=True, exist_ok=True)
                with path.open("rb") as lines, copied.open("wb") as target:
                    for line in lines:
                        number += 1
                        if number % POISON_EVERY == POISON_EVERY // 2:
                            line = re.sub(rb'"page_id":"[^"]*"', b'"page_id":"trap"', line)
                        target.write(line)

        return self.made(source.name + "-poisoned", write)

    def made(self, name, write):
        """The folder of this name, written if it does not exist yet."""
        folder = self.options.folder / "archives" / name
        if not folder.exists():
            say(f"generating {name}")
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            write(unfinished)
            unfinished.rename(folder)
        return folder


def objects_of(archive):
    """The files of an archive, by rising key."""
    return sorted(path for path in archive.rglob("*") if path.is_file())


def stored_bytes(archive):
    return sum(path.stat().st_size for path in objects_of(archive))


def copy(objects, columns, target, form):
    """Writes events of JSON objects in another form, in their order."""
    files = "[" + ", ".join(f"'{path}'" for path in objects) + "]"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM {events.read(files, 'json', events.JSON)}) TO '{target}' ({form})"
        )
