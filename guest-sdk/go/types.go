package guest

import (
	"fmt"
	"time"
)

const microsecondsPerDay = 86_400_000_000

// Timestamp is an instant, in microseconds since 1970-01-01T00:00:00Z; negative before it.
type Timestamp int64

// Date returns the day of the instant, in UTC.
func (t Timestamp) Date() Date {
	days := t / microsecondsPerDay
	if t < days*microsecondsPerDay {
		days--
	}
	return Date(days)
}

// Truncate returns the start of the period of the instant, where a period has that many seconds and the first one
// begins at 1970-01-01T00:00:00Z: Truncate(3600) is the hour. If the start is before the first timestamp, it is the
// instant itself. It panics if seconds is not positive.
func (t Timestamp) Truncate(seconds int64) Timestamp {
	if seconds <= 0 {
		panic("guest: a period has at least one second")
	}
	into := t % Timestamp(seconds*1_000_000)
	if into < 0 {
		into += Timestamp(seconds * 1_000_000)
	}
	if start := t - into; start <= t {
		return start
	}
	return t
}

// Time returns the instant as a time of the standard library, in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMicro(int64(t)).UTC() }

// String returns the instant in the form of RFC 3339, in UTC, with microseconds.
func (t Timestamp) String() string { return t.Time().Format("2006-01-02T15:04:05.000000Z") }

// TimestampOf returns the instant of a time of the standard library, cut to microseconds.
func TimestampOf(t time.Time) Timestamp { return Timestamp(t.UnixMicro()) }

// Date is a day of the calendar, in days since 1970-01-01; negative before it.
type Date int32

// Day returns a day of the Gregorian calendar. It panics if there is no such day.
func Day(year int, month time.Month, day int) Date {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day || t.Month() != month {
		panic(fmt.Sprintf("guest: there is no day %d-%02d-%02d", year, month, day))
	}
	return TimestampOf(t).Date()
}

// Time returns the beginning of the day, in UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86_400, 0).UTC() }

// String returns the day in the form of ISO 8601: 2026-01-03.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// JSON is the text of one JSON value, as it stood in the record.
type JSON string

// Binary is bytes that can be compared: the form of a binary column in keys, sets, first and last values. An event
// and a view can have []byte instead.
type Binary string

// Null is a value that may be missing, as sql.Null is.
type Null[T any] struct {
	// V is the value; the zero value where there is none.
	V T
	// Valid is whether there is a value.
	Valid bool
}

// Some returns a value that is present.
func Some[T any](value T) Null[T] { return Null[T]{V: value, Valid: true} }

// Or returns the value, or another one where there is none.
func (n Null[T]) Or(other T) T {
	if n.Valid {
		return n.V
	}
	return other
}
