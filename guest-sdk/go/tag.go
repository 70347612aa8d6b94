package guest

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// tag is a field's tag `backfold:"NAME,OPTION,OPTION=VALUE"`. A comma within a name or value follows a backslash.
type tag struct {
	name    string
	options map[string]string
}

func parseTag(field reflect.StructField) tag {
	text := field.Tag.Get("backfold")
	var parts []string
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == ',':
			i++
			part.WriteByte(',')
		case text[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(text[i])
		}
	}
	parts = append(parts, part.String())
	t := tag{name: parts[0], options: map[string]string{}}
	for _, option := range parts[1:] {
		name, value, _ := strings.Cut(option, "=")
		t.options[name] = value
	}
	return t
}

// take returns an option and removes it from the tag.
func (t tag) take(name string) (value string, given bool) {
	value, given = t.options[name]
	delete(t.options, name)
	return value, given
}

// number returns a numeric option within its bounds, or the value for a missing one.
func (t tag) number(name string, otherwise, least, most int) (int, error) {
	text, given := t.take(name)
	if !given {
		if otherwise < least {
			return 0, fmt.Errorf("its tag needs %s=N: `backfold:\",%s=100\"`", name, name)
		}
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s=%s in its tag is no number in %d..%d", name, text, least, most)
	}
	return n, nil
}

// rest refuses options that nothing has taken.
func (t tag) rest() error {
	for name := range t.options {
		return fmt.Errorf("its tag has the option %q, which is not known here", name)
	}
	return nil
}

// snake returns a Go name in snake case: TotalMS is total_ms, UserID is user_id.
func snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
