package sqlview

import (
	sqldriver "database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// CheckNamedValue implements sqldriver.NamedValueChecker.
func (c *conn) CheckNamedValue(nv *sqldriver.NamedValue) error { return check(nv) }

// CheckNamedValue implements sqldriver.NamedValueChecker.
func (s *stmt) CheckNamedValue(nv *sqldriver.NamedValue) error { return check(nv) }

// check lets pass what encode takes, and turns everything else into one of the types of
// database/sql: by its method Value, or by its kind.
func check(nv *sqldriver.NamedValue) error {
	if _, ok := nv.Value.(sqldriver.Valuer); !ok {
		switch v := nv.Value.(type) {
		case nil, bool, int64, float64, string, []byte, time.Time, json.RawMessage, [16]byte,
			[]int64, []float64, []string, []bool, [][]byte, []time.Time, [][16]byte:
			return nil
		case []int:
			out := make([]int64, len(v))
			for i, n := range v {
				out[i] = int64(n)
			}
			nv.Value = out
			return nil
		case uint64:
			if v > math.MaxInt64 {
				return fmt.Errorf("an unsigned integer above %d does not fit: pass it as text", int64(math.MaxInt64))
			}
		}
	}
	v, err := sqldriver.DefaultParameterConverter.ConvertValue(nv.Value)
	if err != nil {
		return err
	}
	nv.Value = v
	return nil
}

// arguments encodes arguments. Named ones are put in the order in which their names
// first stand in the text, where :name and @name become the dialect's placeholders.
func arguments(d dialect.Dialect, text string, args []sqldriver.NamedValue) (string, []driver.Value, error) {
	if len(args) == 0 {
		return text, nil, nil
	}
	names := map[string]int{}
	values := make([]driver.Value, len(args))
	for i, a := range args {
		v, err := encode(a.Value)
		if err != nil {
			return "", nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = v
		if a.Name != "" {
			names[a.Name] = i
		}
	}
	switch len(names) {
	case 0:
		return text, values, nil
	case len(args):
		return rename(d, text, names, values)
	default:
		return "", nil, fmt.Errorf("database/sql over a pool: arguments are either all sql.Named, each with its own name, or none is")
	}
}

// rename replaces the names by placeholders.
func rename(d dialect.Dialect, text string, names map[string]int, values []driver.Value) (string, []driver.Value, error) {
	mark := "$"
	if d == dialect.SQLite {
		mark = "?"
	}
	var b strings.Builder
	var out []driver.Value
	number := map[string]int{}
	from := 0
	for i := 0; i < len(text); {
		end := dialect.QuotedEnd(text, i)
		switch c := text[i]; {
		case end < 0:
			end = len(text)
		case end > i:
		case c == ':' && i+1 < len(text) && text[i+1] == ':':
			end = i + 2
		case (c == ':' || c == '@') && i+1 < len(text) && dialect.NameStart(text[i+1]) && (i == 0 || !dialect.NamePart(text[i-1])):
			end = i + 1
			for end < len(text) && dialect.NamePart(text[end]) {
				end++
			}
			name := text[i+1 : end]
			at, ok := names[name]
			if !ok {
				return "", nil, fmt.Errorf("database/sql over a pool: no argument for %c%s", c, name)
			}
			if number[name] == 0 {
				out = append(out, values[at])
				number[name] = len(out)
			}
			b.WriteString(text[from:i] + mark + strconv.Itoa(number[name]))
			from = end
		default:
			end = i + 1
		}
		i = end
	}
	for name := range names {
		if number[name] == 0 {
			return "", nil, fmt.Errorf("database/sql over a pool: the argument %q is not in the text", name)
		}
	}
	return b.String() + text[from:], out, nil
}

// encode makes an argument of what check let pass.
func encode(v any) (driver.Value, error) {
	switch v := v.(type) {
	case nil:
		return driver.Null(), nil
	case bool:
		return driver.Bool(v), nil
	case int64:
		return driver.Int64(v), nil
	case float64:
		return driver.Float64(v), nil
	case string:
		return driver.Text(v), nil
	case []byte:
		if v == nil {
			return driver.Null(), nil
		}
		return driver.Bytes(v), nil
	case time.Time:
		return driver.Time(v), nil
	case [16]byte:
		return driver.UUID(v), nil
	case json.RawMessage:
		if v == nil {
			return driver.Null(), nil
		}
		return driver.JSON(v), nil
	case []int64, []float64, []string, []bool, [][]byte, []time.Time, [][16]byte:
		return driver.Array(v), nil
	}
	return driver.Value{}, fmt.Errorf("a %T can not be passed to the database", v)
}
