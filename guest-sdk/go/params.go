package guest

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Params are the job's parameters. A pipeline's Open has to read each of them.
type Params struct {
	given map[string]string
	asked []string
	err   error
}

// ParamValue is a type of a parameter: text, numbers, booleans (true, false), instants (RFC 3339) and days.
type ParamValue interface {
	string | int64 | float64 | bool | Timestamp | Date
}

func newParams(pairs [][2]string) *Params {
	p := &Params{given: map[string]string{}}
	for _, pair := range pairs {
		if _, twice := p.given[pair[0]]; twice {
			p.fail("the parameter %s is given twice", pair[0])
		}
		p.given[pair[0]] = pair[1]
	}
	return p
}

func (p *Params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// Optional returns the parameter of that name, if it is given. A text that is not a T refuses the job.
func Optional[T ParamValue](p *Params, name string) (value T, given bool) {
	p.asked = append(p.asked, name)
	text, given := p.given[name]
	if !given {
		return value, false
	}
	delete(p.given, name)
	var err error
	switch v := any(&value).(type) {
	case *string:
		*v = text
	case *int64:
		*v, err = strconv.ParseInt(text, 10, 64)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *bool:
		if *v = text == "true"; !*v && text != "false" {
			err = fmt.Errorf("a boolean is true or false")
		}
	case *Timestamp:
		var t time.Time
		t, err = time.Parse(time.RFC3339, text)
		*v = TimestampOf(t)
	case *Date:
		var t time.Time
		t, err = time.Parse(time.DateOnly, text)
		*v = TimestampOf(t).Date()
	}
	if err != nil {
		p.fail("the parameter %s = %q is of no use: %w", name, text, err)
	}
	return value, true
}

// Default returns the parameter of that name, or another value where it is not given.
func Default[T ParamValue](p *Params, name string, otherwise T) T {
	if value, given := Optional[T](p, name); given {
		return value
	}
	return otherwise
}

// Required returns the parameter of that name. A job that does not give it is refused.
func Required[T ParamValue](p *Params, name string) T {
	value, given := Optional[T](p, name)
	if !given {
		p.fail("the parameter %s is missing", name)
	}
	return value
}

// finish refuses parameters that Open has not read.
func (p *Params) finish() error {
	if p.err != nil || len(p.given) == 0 {
		return p.err
	}
	unknown := make([]string, 0, len(p.given))
	for name := range p.given {
		unknown = append(unknown, name)
	}
	sort.Strings(unknown)
	known := "the pipeline takes none"
	if len(p.asked) > 0 {
		known = "the pipeline takes " + strings.Join(p.asked, ", ")
	}
	return fmt.Errorf("the parameter %s is not known; %s", unknown[0], known)
}
