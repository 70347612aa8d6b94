"""The value types that Python has no type for: `Timestamp`, `Date` and `Json`."""

from __future__ import annotations

import json
from typing import Any

MICROSECONDS_PER_DAY = 86_400_000_000
_DAYS_BEFORE_1970 = 719_468  # since 0000-03-01, where years begin that have the leap day at their end


class Timestamp(int):
    """An instant: an `int` of microseconds since 1970-01-01T00:00:00Z, negative before it.

    Arithmetic gives plain integers: `later - earlier` is a number of microseconds.
    """

    __slots__ = ()

    def date(self) -> Date:
        """The day of this instant, in UTC."""
        return Date(self // MICROSECONDS_PER_DAY)

    def truncated(self, seconds: int) -> Timestamp:
        """The start of the period of this instant, where a period has `seconds` seconds and the first one begins at
        1970-01-01T00:00:00Z: `truncated(3600)` is the hour. If the start is before the first timestamp of 64 bits, the
        instant itself.
        """
        start = self - self % (seconds * 1_000_000)
        return Timestamp(start) if start >= -(1 << 63) else self

    def __str__(self) -> str:
        """The form of RFC 3339, in UTC, with microseconds."""
        seconds, microseconds = divmod(self % MICROSECONDS_PER_DAY, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{microseconds:06}"
        return f"{self.date()}T{clock}Z"

    def __repr__(self) -> str:
        return f"Timestamp({int(self)})"


class Date(int):
    """A day of the Gregorian calendar: an `int` of days since 1970-01-01, negative before it."""

    __slots__ = ()

    @classmethod
    def of(cls, year: int, month: int, day: int) -> Date:
        """The day of that year and month, both of which count from 1.

        Raises `ValueError` if there is no such day.
        """
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        if not (-5_000_000 <= year <= 5_000_000 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
            raise ValueError(f"there is no day {year}-{month}-{day}")
        # 400 years that begin in March have 146,097 days.
        era, year_of_era = divmod(year if month > 2 else year - 1, 400)
        day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
        day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
        return cls(era * 146_097 + day_of_era - _DAYS_BEFORE_1970)

    def __str__(self) -> str:
        """The form of ISO 8601: `2026-01-03`."""
        era, day_of_era = divmod(self + _DAYS_BEFORE_1970, 146_097)
        year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
        day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
        month_from_march = (5 * day_of_year + 2) // 153
        day = day_of_year - (153 * month_from_march + 2) // 5 + 1
        month = (month_from_march + 2) % 12 + 1
        year = era * 400 + year_of_era + (month <= 2)
        return f"{year:04}-{month:02}-{day:02}"

    def __repr__(self) -> str:
        return f"Date({int(self)})"


class Json(str):
    """The text of one JSON value, as it stands in the record."""

    __slots__ = ()

    def value(self) -> Any:
        """The value, parsed: integers are exact."""
        return json.loads(self)
