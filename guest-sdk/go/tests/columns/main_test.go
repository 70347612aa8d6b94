package main

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
	"time"

	"backfold.dev/guest"
	"backfold.dev/guest/guesttest"
)

// TestTheTableIsThatOfTheExampleInRust folds the events of examples/clicks.
func TestTheTableIsThatOfTheExampleInRust(t *testing.T) {
	const example = "../../../../examples/clicks/"
	file, err := os.Open(example + "events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var events []any
	for lines := bufio.NewScanner(file); lines.Scan(); {
		events = append(events, lines.Text())
	}
	text, err := os.ReadFile(example + "expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected []struct {
		Page, Day        string
		Views            int64
		TotalMS          int64 `json:"total_ms"`
		LongestMS        int64 `json:"longest_ms"`
		VisitorsEstimate int64 `json:"visitors_estimate"`
	}
	if err := json.Unmarshal(text, &expected); err != nil || len(expected) == 0 {
		t.Fatal(expected, err)
	}
	folded := guesttest.FoldJSON(t, clicks, nil, events...)
	if folded.Len() != len(expected) || len(folded.Rejections) != 1 {
		t.Errorf("%d rows, rejected: %v", folded.Len(), folded.Rejections)
	}
	for _, want := range expected {
		day, err := time.Parse(time.DateOnly, want.Day)
		if err != nil {
			t.Fatal(err)
		}
		s := folded.State(PageDay{Page: want.Page, Day: guest.TimestampOf(day).Date()})
		if s == nil {
			t.Fatalf("%+v is missing", want)
		}
		longest, _ := s.LongestMS.Value()
		got := [4]int64{s.Views.Value(), s.TotalMS.Value(), longest, present(s).VisitorsEstimate}
		if got != [4]int64{want.Views, want.TotalMS, want.LongestMS, want.VisitorsEstimate} {
			t.Errorf("%+v: %v", want, got)
		}
	}
}
