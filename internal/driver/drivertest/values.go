package drivertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

var valueTests = []test{
	{"a boolean comes back as it went", func(s *suite) {
		for _, v := range []bool{true, false} {
			s.roundTrip(s.boolean, driver.Bool(v), v, func(r driver.Row) (any, error) { return r.Bool(0) })
		}
	}},
	{"an integer comes back as it went, to both extremes", func(s *suite) {
		for _, v := range []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, 1<<53 + 1, math.MaxInt64, math.MinInt64} {
			s.roundTrip(s.integer, driver.Int64(v), v, func(r driver.Row) (any, error) { return r.Int64(0) })
		}
	}},
	{"a float comes back bit by bit, or is refused", func(s *suite) {
		for _, v := range []float64{0, 1.5, -1.5, math.Pi, 1e15, math.MaxFloat64, math.SmallestNonzeroFloat64, -math.MaxFloat64} {
			s.roundTrip(s.float, driver.Float64(v), v, func(r driver.Row) (any, error) { return r.Float64(0) })
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			s.storedOrRefused(s.float, driver.Float64(v), v, func(r driver.Row) (any, error) { return r.Float64(0) })
		}
	}},
	{"a negative zero comes back as a zero", func(s *suite) {
		// SQLite stores it without its sign.
		s.stored(s.float, driver.Float64(math.Copysign(0, -1)))
		s.do(read("SELECT c FROM v", each(func(r driver.Row) error {
			if f, err := r.Float64(0); f != 0 || err != nil {
				s.Errorf("got %v, %v", f, err)
			}
			return nil
		})))
	}},
	{"a text comes back as it went", func(s *suite) {
		for _, v := range []string{"", " ", "a", "Ünïcødé 漢字 \U0001F30A e\u0301", "'; DROP TABLE v; --", `\x41 \000 "quoted" $1 ?1 :name`, "line\nbreak\ttab\r", "12", "NULL", strings.Repeat("long ", 300_000)} {
			s.roundTrip(s.text, driver.Text(v), v, func(r driver.Row) (any, error) { return r.Text(0) })
		}
	}},
	{"a text with a NUL byte or broken UTF-8 comes back as it went, or is refused", func(s *suite) {
		for _, v := range []string{"a\x00b", "\x00", "\xff\xfe", "half \xe6\xbc"} {
			s.storedOrRefused(s.text, driver.Text(v), v, func(r driver.Row) (any, error) { return r.Text(0) })
		}
	}},
	{"bytes come back as they went", func(s *suite) {
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		for _, v := range [][]byte{{}, {0}, every, bytes.Repeat(every, 5_000)} {
			s.roundTrip(s.binary, driver.Bytes(v), v, func(r driver.Row) (any, error) { return r.Bytes(0) })
		}
		s.roundTrip(s.binary, driver.Bytes(nil), []byte{}, func(r driver.Row) (any, error) { return r.Bytes(0) })
	}},
	{"a time comes back in UTC with microseconds, cut off towards the past", func(s *suite) {
		tokyo := time.FixedZone("Tokyo", 9*3600)
		odd := time.FixedZone("odd", -(3*3600 + 30*60))
		for _, v := range []time.Time{
			time.Date(2026, 2, 28, 23, 59, 59, 999_999_000, time.UTC),
			time.Date(2024, 2, 29, 12, 0, 0, 1_000, tokyo),
			time.Date(2024, 2, 29, 12, 0, 0, 123_456_789, odd),
			time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
			time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
			time.Date(1900, 1, 1, 0, 0, 0, 1, tokyo),
			time.Unix(0, 0),
			time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		} {
			s.roundTrip(s.timestamp, driver.Time(v), floor(v), func(r driver.Row) (any, error) { return r.Time(0) })
		}
	}},
	{"a time beyond the years 1 to 9999 comes back as it went, or is refused", func(s *suite) {
		for _, v := range []time.Time{
			time.Date(0, 6, 1, 0, 0, 0, 0, time.UTC),
			time.Date(-44, 3, 15, 12, 0, 0, 0, time.UTC),
			time.Date(-9999, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(294_276, 12, 31, 0, 0, 0, 0, time.UTC),
			time.Date(1_000_000, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(1_000_000_000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			s.storedOrRefused(s.timestamp, driver.Time(v), floor(v), func(r driver.Row) (any, error) { return r.Time(0) })
		}
	}},
	{"a UUID comes back as it went", func(s *suite) {
		for _, v := range [][16]byte{{}, {0: 1, 15: 2}, {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xff}} {
			s.roundTrip(s.uuid, driver.UUID(v), v, func(r driver.Row) (any, error) { return r.UUID(0) })
		}
	}},
	{"a UUID reads as canonical text", func(s *suite) {
		id := [16]byte{0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0}
		s.stored(s.uuid, driver.UUID(id))
		s.getter("SELECT c FROM v", func(r driver.Row) (any, error) { return r.Text(0) }, "ffeeddcc-bbaa-9988-7766-554433221100")
	}},
	{"a JSON document comes back with the same meaning", func(s *suite) {
		for _, v := range []string{`{"a": [1, 2.5, "x", null, true], "b": {"c": "Ünï"}}`, `[]`, `{}`, `null`, `"text"`, `1e2`, `"\u0041"`} {
			s.stored(s.json, driver.JSON([]byte(v)))
			var want any
			if err := json.Unmarshal([]byte(v), &want); err != nil {
				s.Fatal(err)
			}
			for name, get := range map[string]func(driver.Row) (any, error){
				"Bytes": func(r driver.Row) (any, error) { return r.Bytes(0) },
				"Text":  func(r driver.Row) (any, error) { t, err := r.Text(0); return []byte(t), err },
				"Value": func(r driver.Row) (any, error) {
					v, err := r.Value(0)
					m, ok := v.(json.RawMessage)
					if !ok {
						return nil, fmt.Errorf("the value is a %T, want json.RawMessage", v)
					}
					return []byte(m), err
				},
			} {
				var got any
				if err := json.Unmarshal(s.get("SELECT c FROM v", get).([]byte), &got); err != nil || !reflect.DeepEqual(got, want) {
					s.Errorf("%s: %s came back as %v, %v", name, v, got, err)
				}
			}
		}
	}},
	{"NULL is NULL in a column of every type", func(s *suite) {
		for _, typ := range []string{s.boolean, s.integer, s.float, s.text, s.binary, s.timestamp, s.uuid, s.json} {
			s.stored(typ, driver.Null())
			s.do(read("SELECT c FROM v", each(func(r driver.Row) error {
				if !r.IsNull(0) {
					s.Errorf("%s: IsNull is false on NULL", typ)
				}
				if v, err := r.Value(0); v != nil || err != nil {
					s.Errorf("%s: Value of NULL is %v, %v", typ, v, err)
				}
				for name, err := range getAll(r) {
					if err == nil {
						s.Errorf("%s: %s reads NULL without an error", typ, name)
						continue
					}
					if e := s.kind(err, driver.ErrDecode); !strings.Contains(e.Error(), "c") || e.Column != "c" {
						s.Errorf("%s: the error of %s does not name the column c: %v", typ, name, err)
					}
				}
				return nil
			})))
		}
	}},
	{"a getter of another family fails and names the column", func(s *suite) {
		s.stored(s.text, driver.Text("word"))
		s.do(read("SELECT c FROM v", each(func(r driver.Row) error {
			for name, err := range getAll(r) {
				if name == "Text" || name == "Bytes" {
					if err != nil {
						s.Errorf("%s of a text: %v", name, err)
					}
					continue
				}
				if e := s.kind(err, driver.ErrDecode); e.Column != "c" {
					s.Errorf("the error of %s names the column %q, want c", name, e.Column)
				}
			}
			return nil
		})))
	}},
	{"numbers read as text in their canonical form", func(s *suite) {
		s.stored(s.integer, driver.Int64(-42))
		s.getter("SELECT c FROM v", func(r driver.Row) (any, error) { return r.Text(0) }, "-42")
		s.stored(s.float, driver.Float64(0.5))
		s.getter("SELECT c FROM v", func(r driver.Row) (any, error) { return r.Text(0) }, "0.5")
	}},
	{"what a getter returned stays as it is when later rows are read", func(s *suite) {
		s.schema("CREATE TABLE k (c " + s.text + ", b " + s.binary + ")")
		for i := range 50 {
			s.do(write("INSERT INTO k VALUES ("+s.p1+", "+s.p2+")", driver.Text(fmt.Sprintf("text %03d", i)), driver.Bytes(fmt.Appendf(nil, "byte %03d", i))))
		}
		var texts []string
		var blobs [][]byte
		s.do(read("SELECT c, b FROM k ORDER BY c", each(func(r driver.Row) error {
			t, err := r.Text(0)
			if err != nil {
				return err
			}
			b, err := r.Bytes(1)
			texts, blobs = append(texts, t), append(blobs, b)
			return err
		})))
		if len(texts) != 50 {
			s.Fatalf("%d rows, want 50", len(texts))
		}
		for i := range texts {
			if texts[i] != fmt.Sprintf("text %03d", i) || string(blobs[i]) != fmt.Sprintf("byte %03d", i) {
				s.Fatalf("row %d became %q, %q", i, texts[i], blobs[i])
			}
		}
	}},
	{"an array argument finds its elements", func(s *suite) {
		s.schema("CREATE TABLE n (c "+s.integer+")", "CREATE TABLE w (c "+s.text+")")
		s.do(write("INSERT INTO n VALUES (1), (2), (3), (9223372036854775807)"), write("INSERT INTO w VALUES ('a'), ('b,\"{c}'), ('')"))
		if got := s.all("SELECT c FROM n WHERE "+s.anyInteger+" ORDER BY c", driver.Array([]int64{3, 1, 77, math.MaxInt64})); fmt.Sprint(got) != "[[1] [3] [9223372036854775807]]" {
			s.Errorf("integers: %v", got)
		}
		if got := s.all("SELECT c FROM n WHERE "+s.anyInteger, driver.Array([]int64{})); len(got) != 0 {
			s.Errorf("an empty array finds %v", got)
		}
		if got := s.all("SELECT c FROM w WHERE "+s.anyText+" ORDER BY c", driver.Array([]string{"b,\"{c}", "", "z"})); fmt.Sprint(got) != `[[] [b,"{c}]]` {
			s.Errorf("texts: %v", got)
		}
	}},
	{"a value that is not what the column wants is refused, without telling it", func(s *suite) {
		for typ, v := range map[string]driver.Value{
			s.boolean: driver.Text(canary), s.integer: driver.Text(canary), s.float: driver.Text(canary),
			s.timestamp: driver.Text(canary), s.uuid: driver.Text(canary), s.json: driver.JSON([]byte("{" + canary)),
		} {
			s.schema("DROP TABLE IF EXISTS v", "CREATE TABLE v (c "+typ+")")
			st := s.fly(write("INSERT INTO v VALUES ("+s.p1+")", v))[0]
			if st.Err == nil {
				// A backend without strict types keeps it as it is.
				if got := fmt.Sprint(s.all("SELECT CAST(c AS " + s.text + ") FROM v")); !strings.Contains(got, canary) {
					s.Errorf("%s: accepted, and became %s", typ, got)
				}
				continue
			}
			s.kind(st.Err, driver.ErrValue)
			if n := s.count("v"); n != 0 {
				s.Errorf("%s: refused, and stored", typ)
			}
		}
		s.usable(s.conn)
	}},
	{"an argument that the server can not read is an error that does not tell it", func(s *suite) {
		s.kind(s.fly(read(s.wrongArgument, nil, driver.Text(canary)))[0].Err, driver.ErrValue)
		s.usable(s.conn)
	}},
	{"too few and too many arguments are refused", func(s *suite) {
		for _, args := range [][]driver.Value{nil, {driver.Int64(1)}, {driver.Int64(1), driver.Int64(2), driver.Int64(3)}} {
			var got rows
			st := s.fly(read("SELECT "+s.p1+" + 0, "+s.p2+" + 0", &got, args...))[0]
			if st.Err == nil {
				s.Errorf("%d arguments for two: no error, rows %v", len(args), got.rows)
				continue
			}
			s.kind(st.Err, driver.ErrValue)
		}
		s.usable(s.conn)
	}},
}

// floor returns what a database keeps of a time.
func floor(v time.Time) time.Time {
	// Add handles times before the zero time, which Truncate rounds the other way.
	return v.Add(-time.Duration(v.Nanosecond() % 1000)).UTC()
}

// stored puts the value alone into the table v with one column c of the type.
func (s *suite) stored(typ string, v driver.Value) {
	s.Helper()
	s.schema("DROP TABLE IF EXISTS v", "CREATE TABLE v (c "+typ+")")
	s.do(write("INSERT INTO v VALUES ("+s.p1+")", v))
}

// get reads the only row of a query.
func (s *suite) get(sql string, get func(driver.Row) (any, error)) any {
	s.Helper()
	var got any
	n := 0
	s.do(read(sql, each(func(r driver.Row) (err error) {
		n++
		got, err = get(r)
		return err
	})))
	if n != 1 {
		s.Fatalf("%d rows, want 1", n)
	}
	return got
}

func (s *suite) getter(sql string, get func(driver.Row) (any, error), want any) {
	s.Helper()
	if got := s.get(sql, get); !same(got, want) {
		s.Errorf("got %s, want %s", show(got), show(want))
	}
}

// roundTrip stores the value and reads it by its getter and by Value.
func (s *suite) roundTrip(typ string, v driver.Value, want any, get func(driver.Row) (any, error)) {
	s.Helper()
	s.stored(typ, v)
	s.getter("SELECT c FROM v", get, want)
	s.getter("SELECT c FROM v", func(r driver.Row) (any, error) { return r.Value(0) }, want)
	if got := s.all("SELECT count(*) FROM v WHERE c = "+s.p1, v); typ != s.json && fmt.Sprint(got) != "[[1]]" {
		s.Errorf("%s: the stored value is not equal to its argument %s", typ, show(want))
	}
}

// storedOrRefused stores the value and reads it unchanged, or gets ErrValue.
func (s *suite) storedOrRefused(typ string, v driver.Value, want any, get func(driver.Row) (any, error)) {
	s.Helper()
	s.schema("DROP TABLE IF EXISTS v", "CREATE TABLE v (c "+typ+")")
	st := s.fly(write("INSERT INTO v VALUES ("+s.p1+")", v))[0]
	if st.Err != nil {
		s.kind(st.Err, driver.ErrValue)
		if n := s.count("v"); n != 0 {
			s.Errorf("%s was refused, and stored", show(want))
		}
		s.usable(s.conn)
		return
	}
	s.getter("SELECT c FROM v", get, want)
}

// same compares values as a database keeps them.
func same(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && (math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y))
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y) && x.Location() == time.UTC
	case []byte:
		y, ok := b.([]byte)
		return ok && x != nil && bytes.Equal(x, y)
	default:
		return reflect.DeepEqual(a, b)
	}
}

// show prints a value, shortened.
func show(v any) string {
	text := fmt.Sprintf("%T %#v", v, v)
	if t, ok := v.(time.Time); ok {
		text = t.Format(time.RFC3339Nano) + " " + t.Location().String()
	}
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}

// getAll calls every typed getter for the first column and returns their errors.
func getAll(r driver.Row) map[string]error {
	errs := map[string]error{}
	_, errs["Bool"] = r.Bool(0)
	_, errs["Int64"] = r.Int64(0)
	_, errs["Float64"] = r.Float64(0)
	_, errs["Text"] = r.Text(0)
	_, errs["Bytes"] = r.Bytes(0)
	_, errs["Time"] = r.Time(0)
	_, errs["UUID"] = r.UUID(0)
	return errs
}
