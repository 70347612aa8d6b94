"""The results as tables in Markdown."""

from statistics import median


def markdown(results):
    cases, machine = results["cases"], results["machine"]
    yield f"{results['events']:,} events, medians of {results['pairs']}, {machine['cores']} cores of {machine['cpu']}, "
    yield f"load {machine['load']:.1f} when it began.\n"
    compared = {name: case for name, case in cases.items() if "duckdb_cpu_s" in case}
    if compared:
        yield from against_duckdb(compared, results["events"])
    for name, table in TABLES.items():
        if name in cases:
            yield ""
            yield from table(cases[name])


def against_duckdb(compared, events):
    yield "| one core, CPU seconds | stored MB | DuckDB | backfold, fold alone | MB/s | ratio | backfold, whole run | ratio |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, case in compared.items():
        yield (
            f"| {name} | {case['stored_bytes'] / 1e6:.0f} | {median(case['duckdb_cpu_s']):.2f} "
            f"| {median(case['fold_cpu_s']):.2f} | {case['fold_bytes_per_s'] / 1e6:.0f} | {case['fold_ratio']:.2f} "
            f"| {median(case['whole_cpu_s']):.2f} | {case['whole_ratio']:.2f} |"
        )
    stages = list(next(iter(compared.values()))["stages_us"])
    yield "\n| fold alone, wall nanoseconds an event | " + " | ".join(stages) + " |"
    yield "|---|" + "---|" * len(stages)
    for name, case in compared.items():
        spent = case["stages_us"]
        row = " | ".join(f"{spent[stage] * 1000 / events:.0f}" for stage in stages)
        yield f"| {name} | {row} |"


def workers(case):
    one, two = median(case["one_wall_s"]), median(case["two_wall_s"])
    yield "| fold of gzip on two cores | one worker | two workers | speed-up |\n|---|---|---|---|"
    yield f"| wall seconds | {one:.2f} | {two:.2f} | {case['speed_up']:.2f} |"


def memory(peaks):
    yield "| whole run, two workers | rows | peak memory |\n|---|---|---|"
    for name, case in peaks.items():
        yield f"| archive {name} | {case['rows']:,} | {case['peak_bytes'] / 1e6:.0f} MB |"


def memory_s3(case):
    yield from memory(case["peaks"])
    yield f"| ratio | | {case['ratio']:.2f} |"


def isolation(case):
    clean_s, poisoned_s = median(case["clean_cpu_s"]), median(case["poisoned_cpu_s"])
    yield f"| fold alone, one core, CPU seconds | clean | {case['rejected']:,} fatal records | ratio |\n|---|---|---|---|"
    yield f"| trapping component | {clean_s:.2f} | {poisoned_s:.2f} | {case['ratio']:.2f} |"


def shapes(case):
    yield f"The decoder alone, by shape of the records:\n\n{case['table'].strip()}"


def s3(archives):
    yield "| fold alone, one core, CPU seconds | files | S3 | ratio |\n|---|---|---|---|"
    for name, case in archives.items():
        yield f"| {name} | {median(case['files_cpu_s']):.2f} | {median(case['s3_cpu_s']):.2f} | {case['ratio']:.2f} |"


def kafka(topics):
    yield "| fold alone, one core, CPU seconds | topic | files | bare consumer | topic / (files + bare) |\n|---|---|---|---|---|"
    for name, case in topics.items():
        spent = {what: median(seconds) for what, seconds in case["cpu_s"].items()}
        yield f"| {name} | {spent['json']:.2f} | {spent['files']:.2f} | {spent['bare']:.2f} | {case['ratio']:.2f} |"
    yield ""
    yield "| records a second, one core | bare consumer | raw messages | ratio | JSON |\n|---|---|---|---|---|"
    for name, case in topics.items():
        rates = {what: case["records"] / median(seconds) for what, seconds in case["wall_s"].items()}
        yield (
            f"| {name} | {rates['bare']:,.0f} | {rates['raw']:,.0f} | {case['raw_rate_ratio']:.2f} "
            f"| {rates['json']:,.0f} |"
        )


def stores(case):
    yield "| load of sorted rows | million rows a CPU second | CPU seconds of backfold a million rows | of the server |"
    yield "|---|---|---|---|"
    yield f"| SQLite, 5 columns | {median(case['sqlite_million_rows_per_cpu_s']):.2f} | | |"
    own, of_server = case["postgres_cpu_s_per_million_rows"], case["postgres_server_cpu_s_per_million_rows"]
    yield f"| PostgreSQL, 124 bytes | | {median(own):.2f} | {median(of_server):.2f} |"
    stages = list(case["whole"]["SQLite"])
    yield "\n| whole run, wall seconds | " + " | ".join(stages) + " |"
    yield "|---|" + "---|" * len(stages)
    for name, spent in case["whole"].items():
        yield f"| {name} | " + " | ".join(f"{spent[stage]:.2f}" for stage in stages) + " |"


def languages(results):
    yield "| fold of one pipeline, one core | million rows a CPU second | of Rust | fuel a row | `.wasm` | build, CPU s | unchanged, s | compile, CPU s | start, ms | memory after | in the end |"
    yield "|---|" + "---|" * 10
    for one in results:
        memory = [f"{one['memory'][0][1] / 1e6:.0f} MB", f"{one['memory'][-1][1] / 1e6:.0f} MB"]
        after = [f"{rows / 1e6:.0f} M" for rows, _ in (one["memory"][0], one["memory"][-1])]
        size = f"{one['wasm_bytes'] / 1e3:,.0f} kB" if one["wasm_bytes"] else "built in"
        build = [f"{one[cost]:.2f}" if cost in one else "" for cost in ("build_cpu_s", "unchanged_wall_s")]
        yield (
            f"| {one['name']} | {median(one['rows_per_s']) / 1e6:.2f} | {median(one['ratios']):.3f} | {one['fuel_per_row']:,} "
            f"| {size} | {' | '.join(build)} | {one['compile_cpu_s']:.1f} | {one['open_wall_s'] * 1e3:.0f} "
            f"| {after[0]}: {memory[0]} | {after[1]}: {memory[1]} |"
        )


def plan_million(plans):
    yield "| plan of listed objects | objects | wall seconds | CPU seconds | peak memory |\n|---|---|---|---|---|"
    for name, plan in plans.items():
        yield (
            f"| {name} | {plan['objects']:,} | {median(plan['wall_s']):.2f} | {median(plan['cpu_s']):.2f} "
            f"| {plan['peak_bytes'] / 1e6:.0f} MB |"
        )


TABLES = {
    "workers": workers,
    "memory": memory,
    "isolation": isolation,
    "shapes": shapes,
    "s3": s3,
    "memory-s3": memory_s3,
    "plan-million": plan_million,
    "kafka": kafka,
    "stores": stores,
    "languages": languages,
}
