package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"backfold.dev/guest"
	"backfold.dev/guest/guesttest"
)

func request(minute int, endpoint string, status int, latencyMS float64) any {
	return map[string]any{
		"type": "request", "ts": fmt.Sprintf("2026-01-03T%02d:%02d:00Z", 9+minute/60, minute%60), "service": "shop",
		"http": map[string]any{"route": endpoint, "status": status}, "latency_ms": latencyMS,
	}
}

func TestQuantilesAreNearTheTrueOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var requests []any
	var latencies []float64
	for range 2000 {
		ms := math.Exp(r.NormFloat64()) * 40
		latencies = append(latencies, ms)
		requests = append(requests, request(r.IntN(60), "/cart", 200, ms))
	}
	slices.Sort(latencies)
	state := guesttest.FoldJSON(t, latency, nil, requests...).State(EndpointHour{"shop", "/cart", guest.TimestampOf(guest.Day(2026, 1, 3).Time()) + 9*3_600_000_000})
	if state == nil {
		t.Fatal("the endpoint was not seen")
	}
	got := present(state)
	for _, c := range []struct{ got, q float64 }{{got.P50MS, 0.50}, {got.P95MS, 0.95}, {got.P99MS, 0.99}} {
		want := latencies[int(c.q*1999)]
		if math.Abs(c.got-want) > 0.01*want+0.001 {
			t.Errorf("the quantile %v is %v, and should be near %v", c.q, c.got, want)
		}
	}
}

func TestErrorsAndSlowRequestsAreCounted(t *testing.T) {
	folded := guesttest.FoldJSON(t, latency, map[string]string{"slow_ms": "100"},
		request(0, "/cart", 200, 99), request(1, "/cart", 503, 101), request(2, "/cart", 404, 5000), request(3, "/cart", 500, -1),
		request(60, "/cart", 200, 1),
	)
	state := folded.State(EndpointHour{"shop", "/cart", guest.TimestampOf(guest.Day(2026, 1, 3).Time()) + 9*3_600_000_000})
	if state == nil || state.Requests.Value() != 3 || state.Errors.Value() != 1 || state.Slow.Value() != 2 {
		t.Errorf("the state is %+v", state)
	}
	if folded.Len() != 2 || len(folded.Rejections) != 1 || folded.Rejections[0].Reason != "the latency is negative: -1 ms" {
		t.Errorf("%d keys, rejected: %v", folded.Len(), folded.Rejections)
	}
}

func TestAParameterThatMakesNoSenseIsRefused(t *testing.T) {
	if _, err := latency.OpenInstance([][2]string{{"slow_ms", "-1"}}); err == nil {
		t.Error("the pipeline opened")
	}
}

func TestTheLawsHold(t *testing.T) {
	guesttest.Laws(t, latency, nil, func(r *rand.Rand) any {
		return request(r.IntN(120), fmt.Sprint("/", r.IntN(2)), 200+r.IntN(400), float64(r.IntN(2000)-10)/10)
	})
}
