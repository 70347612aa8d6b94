"""Rejections, and exceptions as the text that the host shows."""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType

_SDK = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_MOST_FRAMES = 20


class Reject(Exception):
    """The reason for which `fold` rejects a record: `raise Reject("the duration is negative")`.

    The record goes to the quarantine and leaves no trace in any state.
    """


class Refused(Exception):
    """An error of the call that has no frames of the user's: its text is the whole message."""


def clean(text: str) -> str:
    """The text, with halves of surrogate pairs written out: UTF-8 has no bytes for them."""
    return text.encode("utf-8", "backslashreplace").decode()


def describe(error: BaseException) -> str:
    """An exception as text: `Type: message`, then the user's frames, innermost first."""
    if isinstance(error, Refused):
        return clean(str(error))
    lines = [_headline(error), *_frames(error.__traceback__)]
    cause = error.__cause__
    while cause is not None and len(lines) < 3 * _MOST_FRAMES:
        lines += [f"caused by {_headline(cause)}", *_frames(cause.__traceback__)]
        cause = cause.__cause__
    return clean("\n".join(lines))


def _headline(error: BaseException) -> str:
    name = type(error).__name__
    try:
        message = " ".join(str(error).split("\n"))
    except Exception:
        message = "its message cannot be shown"
    if isinstance(error, ModuleNotFoundError):
        message += (
            "; a component has no files, so it holds only the modules that were imported when it was built: "
            "import the module at the top of the file"
        )
    return f"{name}: {message}" if message else name


def _frames(trace: TracebackType | None) -> list[str]:
    frames = []
    for frame, line in traceback.walk_tb(trace):
        code = frame.f_code
        path = code.co_filename
        if path.startswith(("<", _SDK, _STDLIB)):
            continue
        frames.append(f"  at {_shortened(path)}:{line} in {code.co_name}")
    frames.reverse()
    if len(frames) > _MOST_FRAMES:
        # Of a recursion, the end and the beginning tell most.
        left_out = len(frames) - _MOST_FRAMES
        half = _MOST_FRAMES // 2
        frames[half:-half] = [f"  … {left_out} more"]
    return frames


def _shortened(path: str) -> str:
    """The path below the folder from which it was imported."""
    folders = [folder for folder in sys.path if folder and path.startswith(folder.rstrip(os.sep) + os.sep)]
    return path[len(max(folders, key=len).rstrip(os.sep)) + 1 :] if folders else os.path.basename(path)
