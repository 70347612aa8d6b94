"""A real S3 server on this machine: versitygw over a folder. `tests/setup s3` installs it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

import measure
from archives import objects_of
from backfold_job import Source
from say import say

BUCKET = "clicks"
KEY_ID, SECRET, REGION = "benchkey", "benchsecret123", "us-east-1"

PATIENCE_S = 30
UPLOADS_AT_A_TIME = 4


def environment(url):
    """The variables by which a command finds a server and logs in."""
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        # No client waits for a metadata service that does not exist.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Gateway:
    """A server with one bucket. It ends with its `with` block, and its content is deleted."""

    def __init__(self, folder, cores):
        self.folder, self.cores = folder, cores

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.content = tempfile.mkdtemp(prefix="gateway-", dir=self.folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()
        address = "%s:%d" % self.address
        self.url = f"http://{address}"
        self.environment = environment(self.url)
        self.server = subprocess.Popen(
            ["versitygw", "--port", address, "--region", REGION, "posix", self.content],
            env=os.environ | {"ROOT_ACCESS_KEY": KEY_ID, "ROOT_SECRET_KEY": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=measure.pin(self.cores),
        )
        try:
            self.wait()
            self.client = boto3.client(
                "s3",
                endpoint_url=self.url,
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET,
                region_name=REGION,
                config=Config(s3={"addressing_style": "path"}),
            )
            self.client.create_bucket(Bucket=BUCKET)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def upload(self, archive):
        """Puts an archive into the bucket, under its own name. Returns the source of a job that reads it."""
        say(f"uploading {archive.name}")
        prefix = f"{archive.name}/"

        def put(path):
            key = prefix + path.relative_to(archive).as_posix()
            with path.open("rb") as body:
                self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

        with ThreadPoolExecutor(UPLOADS_AT_A_TIME) as pool:
            list(pool.map(put, objects_of(archive)))
        return Source(f'[source.s3]\nbucket = "{BUCKET}"\nprefix = "{prefix}"', self.environment)

    def wait(self):
        began = time.monotonic()
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(self.address) == 0:
                    return
            if self.server.poll() is not None:
                sys.exit(f"bench: versitygw ended at once, with exit code {self.server.returncode}")
            if time.monotonic() - began > PATIENCE_S:
                sys.exit(f"bench: versitygw does not listen on {self.url}")
            time.sleep(0.01)

    def end(self):
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.content, ignore_errors=True)
