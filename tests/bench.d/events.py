"""The columns of a click event, as DuckDB has them."""

# The columns of a JSON record, in their order.
JSON = {
    "event_id": "VARCHAR",
    "ts": "VARCHAR",
    "type": "VARCHAR",
    "user_id": "VARCHAR",
    "session_id": "VARCHAR",
    "page_id": "VARCHAR",
    "referrer": "VARCHAR",
    "duration_ms": "BIGINT",
    "value": "DOUBLE",
    "geo": "STRUCT(country VARCHAR, city VARCHAR)",
    "device": "STRUCT(os VARCHAR, browser VARCHAR)",
    "bot": "BOOLEAN",
    "ab_bucket": "VARCHAR",
}

# The same in a table without structs.
FLAT = {name: kind for name, kind in JSON.items() if name not in ("geo", "device")}
FLAT |= {"geo_country": "VARCHAR", "geo_city": "VARCHAR", "device_os": "VARCHAR", "device_browser": "VARCHAR"}

# What the job needs.
WANTED = {"ts": "TIMESTAMP", "page_id": "VARCHAR", "duration_ms": "BIGINT"}


def sql(columns):
    """DuckDB's way to write a dictionary."""
    return "{" + ", ".join(f"{name}: '{kind}'" for name, kind in columns.items()) + "}"


def read(files, form, columns=None):
    """The expression after FROM that reads `files`, an SQL expression, in the form `json`, `csv` or `parquet`."""
    match form:
        case "json":
            return f"read_json({files}, format = 'newline_delimited', columns = {sql(columns or WANTED)})"
        case "csv":
            return f"read_csv({files}, header = true, auto_detect = false, columns = {sql(FLAT | WANTED)})"
        case "parquet":
            return f"read_parquet({files})"
