// Package guest is for backfold pipelines in Go: the columns that a pipeline reads, the key of a state, the state.
//
//	// View is a page view.
//	type View struct {
//		At         guest.Timestamp `backfold:"ts,time"` // the path in the record; the event time
//		Page       string          `backfold:"page_id"`
//		UserID     string          // the path is the name in snake case: user_id
//		DurationMS int64
//		Country    guest.Null[string] `backfold:"geo.country"` // a record may lack it
//	}
//
//	// PageDay is a page on a day, in UTC.
//	type PageDay struct {
//		Page string
//		Day  guest.Date
//	}
//
//	// Stats is the state of a page on a day.
//	type Stats struct {
//		Views     guest.Sum
//		LongestMS guest.Max[int64]
//		Visitors  guest.HLL
//	}
//
//	func fold(e *View, out *guest.Out[PageDay, Stats]) error {
//		if e.DurationMS < 0 {
//			return guest.Reject("the duration is negative")
//		}
//		s := out.At(PageDay{Page: e.Page, Day: e.At.Date()})
//		s.Views.Add(1)
//		s.LongestMS.Insert(e.DurationMS)
//		s.Visitors.Insert(e.UserID)
//		return nil
//	}
//
//	func init() {
//		p := guest.New[View, PageDay, Stats]("views", "0.1.0")
//		p.Fold = fold
//		guest.Export(p)
//	}
//
//	func main() {}
//
// # Tags
//
// A tag `backfold:"NAME,OPTION,…"` names the path of an event's field, or the column of another one; without a name it is
// the field's in snake case. A dot within a name of a path follows a backslash, which a tag writes twice; so does a comma.
//
//	time                        the event time
//	encoding=epoch-milliseconds the form of a Timestamp in text formats: also epoch-seconds, epoch-microseconds, epoch-nanoseconds
//	encoding=hex                the form of bytes, in place of base64
//	payload                     the record's bytes, in place of a path
//	record-key, record-header=NAME, record-time, source-name, partition, offset
//	                            parts of a Kafka record or of an archive, in place of a path
//	lg_k=N, per_mille=N, k=N, max=N, width=N, depth=N
//	                            the sizes of monoids
//
// Structs are looked at once, when the host opens the pipeline; a row takes no reflection and allocates nothing.
package guest
