"""A made-up S3 server that lists as many objects as one likes, an hour of a year after the other.

    listing_server.py OBJECTS

Prints its address. Speaks what listing and reading a bucket needs: ListObjectsV2 with prefix, delimiter and pages of
1,000, GetBucketVersioning, and GetObject with ranges. All objects have the same content. Ends with its standard input.
"""

import hashlib
import os
import sys
import threading
from bisect import bisect_left
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PREFIX = "raw/clicks/"
YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)
YEAR_S = 365 * 24 * 60 * 60
PAGE_KEYS = 1_000
XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"

CONTENT = b'{"ts":"2026-06-15T06:10:20.001Z","page_id":"/guides/encrypt-offsets","duration_ms":2516}\n'
ETAG = hashlib.md5(CONTENT).hexdigest()


def keys(objects):
    """The keys that Firehose would have made, by rising key."""
    for number in range(objects):
        at = YEAR + timedelta(seconds=number * YEAR_S // objects)
        unique = hashlib.md5(b"%d" % number).hexdigest()
        yield f"{PREFIX}{at:%Y/%m/%d/%H/clicks-1-%Y-%m-%d-%H-%M-%S}-{number:08}-{unique}"


def line_of_object(key):
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-12-31T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{ETAG}&quot;</ETag><Size>{len(CONTENT)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def line_of_folder(prefix):
    return f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"


class Bucket:
    def __init__(self, objects):
        self.keys = sorted(keys(objects))

    def page(self, prefix, delimiter, token):
        """A page of ListObjectsV2; a token is the number of the first key of the next page."""
        at = int(token) if token else bisect_left(self.keys, prefix)
        lines = []
        while at < len(self.keys) and self.keys[at].startswith(prefix) and len(lines) < PAGE_KEYS:
            key = self.keys[at]
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            if end < 0:
                lines.append(line_of_object(key))
                at += 1
            else:
                folder = key[: end + 1]
                lines.append(line_of_folder(folder))
                # After all keys that begin so.
                at = bisect_left(self.keys, folder[:-1] + chr(ord(delimiter) + 1), at)
        goes_on = at < len(self.keys) and self.keys[at].startswith(prefix)
        token = f"<NextContinuationToken>{at}</NextContinuationToken>" if goes_on else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{XMLNS}">'
            f"<Name>clicks</Name><Prefix>{prefix}</Prefix><KeyCount>{len(lines)}</KeyCount>"
            f"<MaxKeys>{PAGE_KEYS}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(goes_on).lower()}</IsTruncated>{token}{''.join(lines)}</ListBucketResult>"
        )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The end of a page waits for no acknowledgement of its beginning.
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        key = unquote(url.path).lstrip("/").partition("/")[2]
        if key:
            self.send_object(key)
        elif "versioning" in asked:
            self.send(200, f'<VersioningConfiguration xmlns="{XMLNS}"/>'.encode())
        else:
            token = asked.get("continuation-token")
            page = self.server.bucket.page(asked.get("prefix", ""), asked.get("delimiter"), token)
            self.send(200, page.encode())

    def send_object(self, key):
        bucket = self.server.bucket
        at = bisect_left(bucket.keys, key)
        if bucket.keys[at : at + 1] != [key]:
            return self.send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        headers = {"ETag": f'"{ETAG}"'}
        asked = self.headers.get("Range")
        if asked is None:
            return self.send(200, CONTENT, headers)
        first, last = asked.removeprefix("bytes=").split("-")
        part = CONTENT[int(first) : int(last) + 1]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(CONTENT)}"
        self.send(206, part, headers)

    def send(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.bucket = Bucket(int(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("http://%s:%d" % server.server_address, flush=True)
    sys.stdin.read()
    os._exit(0)
