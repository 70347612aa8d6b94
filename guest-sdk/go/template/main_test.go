package main

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"backfold.dev/guest"
	"backfold.dev/guest/guesttest"
)

func event(kind string, day int, page, user string, durationMS int64) any {
	return map[string]any{
		"type": kind, "ts": fmt.Sprintf("2026-01-%02dT23:59:59.999Z", day), "page_id": page, "user_id": user,
		"duration_ms": durationMS, "geo": map[string]any{"country": "DE"},
	}
}

func TestViewsOfAPageOnADay(t *testing.T) {
	folded := guesttest.FoldJSON(t, clicks, nil,
		event("page_view", 3, "p1", "u1", 40),
		event("scroll", 3, "p1", "u2", 60),
		event("purchase", 3, "p1", "u3", 5),
		event("page_view", 4, "p1", "u1", 7),
		event("page_view", 3, "p1", "u4", -1),
	)
	key := PageDay{Page: "p1", Day: guest.Day(2026, 1, 3)}
	state := folded.State(key)
	if state == nil {
		t.Fatal("the page was not seen")
	}
	longest, _ := state.LongestMS.Value()
	if got := [3]int64{state.Views.Value(), state.TotalMS.Value(), longest}; got != [3]int64{2, 100, 60} {
		t.Errorf("views, total and longest duration are %v", got)
	}
	if got := present(state).VisitorsEstimate; got != 2 {
		t.Errorf("there are %d visitors", got)
	}
	if folded.Len() != 2 || folded.PassedOver != 1 || len(folded.Rejections) != 1 {
		t.Errorf("%d keys, %d passed over, rejected: %v", folded.Len(), folded.PassedOver, folded.Rejections)
	}
}

func TestTheLawsHold(t *testing.T) {
	guesttest.Laws(t, clicks, nil, func(r *rand.Rand) any {
		return event("page_view", 1+r.IntN(3), fmt.Sprint("p", r.IntN(3)), fmt.Sprint("u", r.IntN(100)), r.Int64N(5005)-5)
	})
}
