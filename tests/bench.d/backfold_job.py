"""The same job in backfold."""

import json
import shutil
import sqlite3

import measure

JOB = """\
table = "page_days"
component = {component}
work = {work}

[source.files]
path = {archive}

[target.sqlite]
path = {database}
"""


class Job:
    """A job in a folder of its own."""

    def __init__(self, backfold, component, archive, folder):
        self.backfold, self.folder = backfold, folder
        self.file, self.database = folder / "job.toml", folder / "tables.db"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        paths = {"component": component, "archive": archive, "work": folder / "work", "database": self.database}
        # JSON's strings are TOML's.
        self.file.write_text(JOB.format(**{key: json.dumps(str(path)) for key, path in paths.items()}))

    def run(self, mode, workers, cores):
        """Runs it from nothing; `mode` is `--only-fold` or `--swap`. Returns its cost and its report.

        Builds of earlier runs go first: a folded one would be resumed, and nothing measured. The compiled component
        stays in the work folder, as it would from run to run.
        """
        shutil.rmtree(self.folder / "work" / "page_days", ignore_errors=True)
        for leftover in self.folder.glob("tables.db*"):
            leftover.unlink()
        command = [self.backfold, "run", self.file, mode, "--workers", str(workers), "--no-progress", "--output", "json"]
        if mode == "--only-fold":
            # The laws are tested before a fold, and are no part of it.
            command.append("--trust-laws")
        cost, output = measure.run(command, cores)
        return cost, json.loads(output)["result"]

    def result(self):
        """Rows, events and durations of the live table."""
        with sqlite3.connect(self.database) as connection:
            names = [column[1] for column in connection.execute("PRAGMA table_info(page_days)")]
            events, total_ms = names[2:4]
            query = f'SELECT count(*), sum("{events}"), sum("{total_ms}") FROM page_days'
            return list(connection.execute(query).fetchone())
