// Page views by page and day, over columns: the pipeline of the template in the fast form, to compare their rates.
package main

import (
	"math"

	"backfold.dev/guest"
)

// Views are page views and scrolls.
type Views struct {
	At         []guest.Timestamp `backfold:"ts,time"`
	Page       guest.Strings     `backfold:"page_id"`
	UserID     guest.Strings
	DurationMS []int64
}

// PageDay is a page on a day, in UTC.
type PageDay struct {
	Page string
	Day  guest.Date
}

// Stats is the state of a page on a day.
type Stats struct {
	Views     guest.Sum
	TotalMS   guest.Sum
	LongestMS guest.Max[int64]
	Visitors  guest.HLL
}

// Estimates is the sketch's estimate, for readers of the table.
type Estimates struct {
	VisitorsEstimate int64
}

func fold(v *Views, rows *guest.Rows[PageDay, Stats]) error {
	for row, ms := range v.DurationMS {
		if ms < 0 {
			rows.Reject(row, "the duration is negative")
			continue
		}
		s := rows.At(row, PageDay{Page: v.Page.At(row), Day: v.At[row].Date()})
		s.Views.Add(1)
		s.TotalMS.Add(ms)
		s.LongestMS.Insert(ms)
		s.Visitors.Insert(v.UserID.At(row))
	}
	return nil
}

func present(s *Stats) Estimates {
	return Estimates{VisitorsEstimate: int64(math.Round(s.Visitors.Estimate()))}
}

var clicks = guest.New[Views, PageDay, Stats]("columns", "0.1.0")

func init() {
	clicks.Only("type", "page_view", "scroll")
	clicks.FoldColumns = fold
	guest.Present(clicks, present)
	guest.Export(clicks)
}

func main() {}
