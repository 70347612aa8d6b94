module backfold.dev/guest

go 1.24
