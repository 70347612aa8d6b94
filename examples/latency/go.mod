module latency

go 1.24

require backfold.dev/guest v0.0.0

replace backfold.dev/guest => ../../guest-sdk/go
