package guest

import (
	"cmp"
	"reflect"
	"strings"
)

// Scalar is a type of First and Last.
type Scalar interface {
	int64 | float64 | bool | Timestamp | Date | string | Binary
}

func kindOf[T any]() Kind { return scalarKinds[reflect.TypeFor[T]()] }

func saveNullable[T Scalar](row *RowWriter, value T, present bool) {
	if !present {
		row.Null()
		return
	}
	switch v := any(value).(type) {
	case int64:
		row.Int64(v)
	case float64:
		row.Float64(v)
	case bool:
		row.Bool(v)
	case Timestamp:
		row.Timestamp(v)
	case Date:
		row.Date(v)
	case string:
		row.Text(v)
	case Binary:
		row.Bytes([]byte(v))
	}
}

func loadNullable[T Scalar](row *RowReader) (value T, present bool) {
	if row.IsNull() {
		return value, false
	}
	switch v := any(&value).(type) {
	case *int64:
		*v = row.Int64()
	case *float64:
		*v = row.Float64()
	case *bool:
		*v = row.Bool()
	case *Timestamp:
		*v = row.Timestamp()
	case *Date:
		*v = row.Date()
	case *string:
		*v = row.Text()
	case *Binary:
		*v = Binary(row.Bytes())
	}
	return value, true
}

// compare is the total order of two values: of floats IEEE 754's, of text that of its bytes, false before true.
func compare[T Scalar](a, b T) int {
	switch x := any(a).(type) {
	case int64:
		return cmp.Compare(x, any(b).(int64))
	case float64:
		return cmp.Compare(totalOrder(x), totalOrder(any(b).(float64)))
	case bool:
		switch y := any(b).(bool); {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case Timestamp:
		return cmp.Compare(x, any(b).(Timestamp))
	case Date:
		return cmp.Compare(x, any(b).(Date))
	case string:
		return strings.Compare(x, any(b).(string))
	case Binary:
		return strings.Compare(string(x), string(any(b).(Binary)))
	}
	panic("guest: unreachable")
}
