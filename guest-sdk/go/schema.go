package guest

import "fmt"

// Kind is the type of a column's values.
type Kind uint8

// The kinds of columns, with the Go types of an event's fields.
const (
	KindBoolean   Kind = iota // bool
	KindInt64                 // int64
	KindFloat64               // float64
	KindTimestamp             // Timestamp
	KindDate                  // Date
	KindUTF8                  // string
	KindBinary                // []byte or Binary
	KindJSON                  // JSON
)

var kindNames = [...]string{"boolean", "int64", "float64", "timestamp", "date", "utf8", "binary", "json"}

// String returns the kind's name in the contract.
func (k Kind) String() string { return kindNames[k] }

// Origin is the place from which the host takes an input's value.
type Origin uint8

// The origins, in the order of the contract.
const (
	OriginPath         Origin = iota // a path into the decoded record
	OriginPayload                    // the record's bytes as the source delivered them
	OriginRecordKey                  // the Kafka record's key
	OriginRecordHeader               // a header of the Kafka record
	OriginRecordTime                 // the Kafka record's timestamp, or the time at which the object was written
	OriginSourceName                 // the topic or the object's key
	OriginPartition                  // the Kafka partition
	OriginOffset                     // the Kafka offset, or the record's ordinal in its object
)

// Encoding is the form of a value in a text format.
type Encoding uint8

// The encodings, in the order of the contract.
const (
	EncodingStandard Encoding = iota // timestamp: RFC 3339; date: YYYY-MM-DD; binary: base64; others: as in JSON
	EncodingEpochSeconds
	EncodingEpochMilliseconds
	EncodingEpochMicroseconds
	EncodingEpochNanoseconds
	EncodingHex
)

// Input is a column of an event.
type Input struct {
	// Name is the field's name in snake case.
	Name string
	// Origin is the place of the value.
	Origin Origin
	// At is the path of OriginPath and the name of OriginRecordHeader.
	At string
	// Kind is the type of the values.
	Kind Kind
	// Encoding is the form of the values in a text format.
	Encoding Encoding
	// Nullable is whether a record may lack the value.
	Nullable bool
}

// Output is a column of keys, states or views.
type Output struct {
	// Name is unique among keys, states and views.
	Name string
	// Kind is the type of the values.
	Kind Kind
	// Nullable is whether a value may be null.
	Nullable bool
}

// Condition is met by a record whose scalar at Path, as a string or as its JSON text, is one of AnyOf.
type Condition struct {
	Path  string
	AnyOf []string
}

// Descriptor tells the host the columns that a component reads and those of its table.
type Descriptor struct {
	Name, Version       string
	Inputs              []Input
	Only                []Condition
	EventTime           string // the input with the event time; empty for none
	Keys, States, Views []Output
	Commutative         bool
}

// check refuses an input whose origin or encoding does not go with its kind.
func (in Input) check() error {
	switch {
	case in.Encoding == EncodingHex && in.Kind != KindBinary:
		return fmt.Errorf("encoding=hex is for []byte and guest.Binary")
	case in.Encoding != EncodingStandard && in.Encoding != EncodingHex && in.Kind != KindTimestamp:
		return fmt.Errorf("encoding=epoch-… is for guest.Timestamp")
	}
	switch in.Origin {
	case OriginPayload:
		return in.must(in.Kind == KindBinary, "payload is a []byte")
	case OriginRecordKey, OriginRecordHeader:
		if err := in.must(in.Kind == KindBinary || in.Kind == KindUTF8, "a record's key or header is a []byte or a string"); err != nil {
			return err
		}
		return in.must(in.Nullable, "not every record has a key or that header: make the field a guest.Null")
	case OriginRecordTime:
		return in.must(in.Kind == KindTimestamp, "record-time is a guest.Timestamp")
	case OriginSourceName:
		return in.must(in.Kind == KindUTF8, "source-name is a string")
	case OriginPartition:
		return in.must(in.Kind == KindInt64 && in.Nullable, "not every record has a partition: make the field a guest.Null[int64]")
	case OriginOffset:
		return in.must(in.Kind == KindInt64, "offset is an int64 or a guest.Null[int64]")
	}
	return nil
}

func (Input) must(holds bool, reason string) error {
	if holds {
		return nil
	}
	return fmt.Errorf("%s", reason)
}

// doubled returns a name that two of the table's columns share, or "".
func (d *Descriptor) doubled() string {
	seen := map[string]bool{}
	for _, outputs := range [][]Output{d.Keys, d.States, d.Views} {
		for _, output := range outputs {
			if seen[output.Name] {
				return output.Name
			}
			seen[output.Name] = true
		}
	}
	return ""
}
