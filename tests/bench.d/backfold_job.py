"""The same job in backfold."""

import json
import shutil
import sqlite3
from dataclasses import dataclass, field

import measure

JOB = """\
table = "page_days"
component = {component}
work = {work}

{source}

{target}
"""


@dataclass
class Source:
    """The source of a job: its part of the job file, and its variables of the environment."""

    toml: str
    environment: dict = field(default_factory=dict)


def files(archive):
    """The archive in a folder."""
    return Source(f"[source.files]\npath = {json.dumps(str(archive))}")


def in_postgres(url):
    """The target of a job: the only schema of a database in PostgreSQL."""
    return f"[target.postgres]\nurl = {json.dumps(url)}"


class Job:
    """A job in a folder of its own. The table is in SQLite unless `target` says otherwise."""

    def __init__(self, backfold, component, source, folder, target=None):
        self.backfold, self.folder, self.environment = backfold, folder, source.environment
        self.file, self.database = folder / "job.toml", folder / "tables.db"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        paths = {"component": component, "work": folder / "work", "database": self.database}
        # JSON's strings are TOML's.
        paths = {key: json.dumps(str(path)) for key, path in paths.items()}
        target = target or f"[target.sqlite]\npath = {paths.pop('database')}"
        self.file.write_text(JOB.format(source=source.toml, target=target, **paths))

    def run(self, mode, workers, cores):
        """Runs it from nothing; `mode` is `--only-fold` or `--swap`. Returns its cost and its report.

        Builds of earlier runs go first: a folded one would be resumed, and nothing measured. The compiled component
        stays in the work folder, as it would from run to run.
        """
        self.forget()
        command = ["run", self.file, mode, "--fresh", "--workers", str(workers)]
        if mode == "--only-fold":
            # The laws are tested before a fold, and are no part of it.
            command.append("--trust-laws")
        return self.ask(command, cores)

    def plan(self, cores, *flags):
        """Plans it from nothing. Returns its cost and the plan."""
        self.forget()
        return self.ask(["plan", self.file, *flags], cores)

    def ask(self, command, cores):
        command = [self.backfold, *command, "--no-progress", "--output", "json"]
        cost, output = measure.run(command, cores, self.environment)
        return cost, json.loads(output)["result"]

    def forget(self):
        """Removes all builds and tables, but those in PostgreSQL."""
        shutil.rmtree(self.folder / "work" / "page_days", ignore_errors=True)
        for leftover in self.folder.glob("tables.db*"):
            leftover.unlink()

    def result(self):
        """Rows, events and durations of the live table."""
        with sqlite3.connect(self.database) as connection:
            names = [column[1] for column in connection.execute("PRAGMA table_info(page_days)")]
            events, total_ms = names[2:4]
            query = f'SELECT count(*), sum("{events}"), sum("{total_ms}") FROM page_days'
            return list(connection.execute(query).fetchone())
