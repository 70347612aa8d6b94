"""Lines that a person reads while the benchmark runs."""

import sys


def say(text):
    print(text, file=sys.stderr, flush=True)
