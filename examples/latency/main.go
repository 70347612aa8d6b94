// Latency quantiles of requests per service, endpoint and hour.
package main

import (
	"fmt"
	"math"

	"backfold.dev/guest"
)

// Request is a line of the access log.
type Request struct {
	At        guest.Timestamp `backfold:"ts,time"`
	Service   string
	Endpoint  string `backfold:"http.route"`
	Status    int64  `backfold:"http.status"`
	LatencyMS float64
}

// EndpointHour is an endpoint of a service in an hour, in UTC.
type EndpointHour struct {
	Service  string
	Endpoint string
	Hour     guest.Timestamp
}

// Latencies is the state of an endpoint in an hour.
type Latencies struct {
	Requests  guest.Sum
	Errors    guest.Sum
	Slow      guest.Sum
	LongestMS guest.Max[float64]
	LatencyMS guest.DDSketch
}

// Quantiles are within 1 % of the true ones, in milliseconds.
type Quantiles struct {
	P50MS float64 `backfold:"p50_ms"`
	P95MS float64 `backfold:"p95_ms"`
	P99MS float64 `backfold:"p99_ms"`
}

// slowMS is a parameter of the job: requests that take longer are counted as slow.
var slowMS float64

func open(params *guest.Params) error {
	slowMS = guest.Default(params, "slow_ms", 500.0)
	if slowMS <= 0 {
		return fmt.Errorf("slow_ms is %v, and has to be above zero", slowMS)
	}
	return nil
}

func fold(e *Request, out *guest.Out[EndpointHour, Latencies]) error {
	if e.LatencyMS < 0 {
		return guest.Rejectf("the latency is negative: %v ms", e.LatencyMS)
	}
	s := out.At(EndpointHour{Service: e.Service, Endpoint: e.Endpoint, Hour: e.At.Truncate(3600)})
	s.Requests.Add(1)
	if e.Status >= 500 {
		s.Errors.Add(1)
	}
	if e.LatencyMS > slowMS {
		s.Slow.Add(1)
	}
	s.LongestMS.Insert(e.LatencyMS)
	s.LatencyMS.Insert(e.LatencyMS)
	return nil
}

func present(s *Latencies) Quantiles {
	at := func(q float64) float64 {
		value, _ := s.LatencyMS.Quantile(q)
		return math.Round(value*1000) / 1000
	}
	return Quantiles{P50MS: at(0.50), P95MS: at(0.95), P99MS: at(0.99)}
}

// latency is the pipeline; its name and version go into the manifest of every build.
var latency = guest.New[Request, EndpointHour, Latencies]("latency", "0.1.0")

func init() {
	latency.Only("type", "request")
	latency.Open = open
	latency.Fold = fold
	guest.Present(latency, present)
	guest.Export(latency)
}

func main() {}
