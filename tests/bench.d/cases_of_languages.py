"""The case with one pipeline in all languages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import measure
from say import say

ROOT = Path(__file__).resolve().parent.parent.parent
INSTALLED = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backfold-tests/languages-1"

# Projects of the repository. The others are those that `backfold new` makes, and all have the same pipeline.
FAST_FORMS = {
    "Go, columns": "guest-sdk/go/tests/columns",
    "TypeScript, columns": "guest-sdk/typescript/tests/columns",
    "Python, rows": "guest-sdk/python/tests/rows",
}
NEW = {"Rust": "rust", "C": "c", "Go": "go", "TypeScript": "ts", "Python": "python"}
ZIG = "examples/zig-pages"

# A pipeline without a sketch, which most of the time of the others goes to: `new --from` writes it in each language.
LEAN = """\
table = "page_days"
component = "aggregate"

[pipeline]
event_time = "ts"
key = {{ page = "page_id", day = "day_of(ts)" }}
keep = {{ events = "count", total_ms = "sum(duration_ms)" }}

[source.files]
path = {archive}

[target.sqlite]
path = "tables.db"
"""
LEAN_LANGUAGES = {name: language for name, language in NEW.items() if name != "Rust"}


def languages(bench):
    """The fold of one pipeline in each language, relative to Rust; size, and seconds to build, compile and start"""
    subprocess.run([ROOT / "tests/setup", "languages"], check=True, stdout=sys.stderr)
    folder = bench.options.folder / "languages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    built = {}
    for name, language in NEW.items():
        project = folder / f"clicks-{language}"
        backfold(bench, "new", project, "--lang", language)
        built[name] = build(bench, project)
    for name, project in (FAST_FORMS | {"Zig": ZIG}).items():
        built[name] = build(bench, ROOT / project)
    lean = {"Zig, lean": built.pop("Zig")}
    job = folder / "lean.toml"
    job.write_text(LEAN.format(archive=json.dumps(str(bench.archives.json("none")))))
    for name, language in LEAN_LANGUAGES.items():
        project = folder / f"lean-{language}"
        backfold(bench, "new", project, "--from", job, "--lang", language)
        lean[f"{name}, lean"] = build(bench, project)
    results = fold(bench, [*named(built), "aggregate=aggregate"])
    # The pipeline in Zig keeps one sum more.
    results += fold(bench, [f"Rust, lean={bench.options.component}", *named(lean)])
    built |= lean
    for result in results:
        costs = built.get(result["name"], {})
        result |= {key: cost for key, cost in costs.items() if key != "component"}
    return results


def named(built):
    """The arguments of the benchmark that name these components."""
    return [f"{name}={project['component']}" for name, project in built.items()]


def build(bench, project):
    """Builds a project twice. Returns its component, the CPU seconds of a build, and the wall seconds of one that has nothing to do."""
    say(f"languages: building {project.name}")
    fresh, report = backfold(bench, "build", project, "--fresh")
    unchanged, _ = backfold(bench, "build", project)
    return {
        "component": project / report["output"],
        "build_cpu_s": fresh.cpu_s,
        "unchanged_wall_s": unchanged.wall_s,
    }


def backfold(bench, *words):
    """Runs a command that finds the compilers. Returns its cost and its report."""
    compilers = [INSTALLED / "venv/bin", INSTALLED / "npm/node_modules/.bin"]
    path = os.pathsep.join([*map(str, compilers), os.environ["PATH"]])
    command = [bench.options.backfold, *words, "--output", "json"]
    cost, output = measure.run(command, os.sched_getaffinity(0), {"PATH": path})
    return cost, json.loads(output)["result"]


def fold(bench, components):
    """What the calls of each component cost on one core; the first is the one that the others are compared with."""
    options = bench.options
    flags = ["--events", options.events, "--pairs", options.pairs, "--memory-events", options.times * options.events]
    command = ["cargo", "bench", "--quiet", "--workspace", "--bench", "languages", "--", *map(str, flags), *components]
    subprocess.run([*command[: command.index("--")], "--no-run"], check=True, cwd=ROOT)
    return json.loads(measure.run(command, bench.core)[1])
