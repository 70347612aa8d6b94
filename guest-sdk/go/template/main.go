// Page views by page and day, from an archive of clicks.
package main

import (
	"math"

	"backfold.dev/guest"
)

// View is a page view or a scroll; clicks and purchases are passed over.
type View struct {
	At         guest.Timestamp `backfold:"ts,time"`
	Page       string          `backfold:"page_id"`
	UserID     string
	DurationMS int64
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

func fold(e *View, out *guest.Out[PageDay, Stats]) error {
	if e.DurationMS < 0 {
		return guest.Reject("the duration is negative")
	}
	s := out.At(PageDay{Page: e.Page, Day: e.At.Date()})
	s.Views.Add(1)
	s.TotalMS.Add(e.DurationMS)
	s.LongestMS.Insert(e.DurationMS)
	s.Visitors.Insert(e.UserID)
	return nil
}

func present(s *Stats) Estimates {
	return Estimates{VisitorsEstimate: int64(math.Round(s.Visitors.Estimate()))}
}

// clicks is the pipeline; its name and version go into the manifest of every build.
var clicks = guest.New[View, PageDay, Stats]("{{name}}", "0.1.0")

func init() {
	clicks.Only("type", "page_view", "scroll")
	clicks.Fold = fold
	guest.Present(clicks, present)
	guest.Export(clicks)
}

func main() {}
