package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestParseTime(t *testing.T) {
	for s, want := range map[string]time.Time{
		"2026-11-21":                          time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
		"2026-11-21 07:36:23":                 time.Date(2026, 11, 21, 7, 36, 23, 0, time.UTC),
		"2026-11-21 07:36:23.5-03":            time.Date(2026, 11, 21, 10, 36, 23, 500_000_000, time.UTC),
		"1900-01-01 00:00:00.000001+05:53:28": time.Date(1899, 12, 31, 18, 6, 32, 1000, time.UTC),
		"0044-03-15 12:00:00+00 BC":           time.Date(-43, 3, 15, 12, 0, 0, 0, time.UTC),
		"294276-12-31 23:59:59.999999+00":     time.Date(294276, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		if got, ok := parseTime(s); !ok || !got.Equal(want) {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "infinity", "2026", "2026-11", "2026-11-21T07:36:23", "21.11.2026 07:36:23", "2026-11-21 07:36", "2026-11-21 07:36:23.x", "2026-11-21 07:36:23+", "2026-11-21 07:36:23 UTC", "2026-11-21 07:36:23.0123456789"} {
		if got, ok := parseTime(s); ok {
			t.Errorf("%q reads as %v", s, got)
		}
	}
}

func TestParseArrayRefusesWhatIsNone(t *testing.T) {
	for _, s := range []string{"", "1", "{", "{1", "{1,", "{1,}", "{,}", "{1}}", "{1}x", `{"1}`, `{1\`, "[0:1]{1}", "{{{{{{{1}}}}}}}", "{x}"} {
		if got, ok := parseArray(s, "c", pgtype.Int8OID); ok {
			t.Errorf("%q reads as %v", s, got)
		}
	}
}

func TestIsCopy(t *testing.T) {
	for sql, want := range map[string]bool{
		"COPY t FROM STDIN": true, "copy(select 1) to stdout": true, "\n\t COPY\tt": true, "/* a */ -- b\n/* c /* d */ */copy t": true, ";COPY t": true,
		"": false, "COPY": false, "COPYRIGHT": false, "copy_t": false, "SELECT 'COPY t'": false, "-- COPY t": false, "/* COPY t": false, "/* COPY */ SELECT 1": false,
	} {
		if got := isCopy(sql); got != want {
			t.Errorf("isCopy(%q) = %v", sql, got)
		}
	}
}

func TestNamesInMessages(t *testing.T) {
	for s, want := range map[string]string{
		"Key (a, b)=(1, 2) already exists.":                "a, b",
		"Key (lower(email))=(x)=(y) already exists.":       "lower(email)",
		"Schlüssel »(a)=(1)« existiert bereits.":           "a",
		"Key (item)=(4711) is not present in table \"i\".": "item",
		"": "", "no parentheses": "", "(only open": "",
	} {
		if got := detailColumns(s); got != want {
			t.Errorf("detailColumns(%q) = %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]string{
		`column "a b" of relation "t" does not exist`: "a b", `column t.a does not exist`: "a", `column "a" does not exist`: "a", `column t."A" does not exist`: "A",
	} {
		if got := columnName(s); got != want {
			t.Errorf("columnName(%q) = %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]string{
		`invalid input syntax for type integer: "a"b"`: `invalid input syntax for type integer: "…"`, `nothing quoted`: `nothing quoted`, `one " quote`: `one " quote`,
	} {
		if got := unquote(s); got != want {
			t.Errorf("unquote(%q) = %q, want %q", s, got, want)
		}
	}
}

// Whatever a server sends, reading it is an answer or an error.
func FuzzRow(f *testing.F) {
	oids := []uint32{
		pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID,
		pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, charOID, pgtype.UnknownOID, pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.UUIDOID, pgtype.IntervalOID, pgtype.InetOID, pgtype.Int4rangeOID,
		pgtype.Int4ArrayOID, pgtype.TextArrayOID, pgtype.ByteaArrayOID, pgtype.TimestamptzArrayOID, pgtype.NumericArrayOID, 0, 123456,
	}
	for i := range oids {
		for _, seed := range []string{"", "t", "1", "12345678", "2026-11-21 07:36:23.5+01", `\x00`, `\\\001`, "{1,NULL}", "{\"\\\"\"}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x05"} {
			f.Add(i, true, []byte(seed))
			f.Add(i, false, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, i int, isBinary bool, value []byte) {
		c := column{name: "c", oid: oids[uint(i)%uint(len(oids))]}
		if isBinary {
			c.format = binaryFormat
		}
		read := func(r *row) {
			_, _ = r.Bool(0)
			_, _ = r.Int64(0)
			_, _ = r.Float64(0)
			_, _ = r.Bytes(0)
			_, _ = r.Time(0)
			_, _ = r.UUID(0)
			if v, err := r.Value(0); err == nil && v == nil {
				t.Errorf("%s: a value reads as NULL", typeName(c.oid))
			}
			if s, err := r.Text(0); err == nil {
				_ = fmt.Sprint(s)
			}
		}
		read(&row{cols: []column{c}, values: [][]byte{value}})
		values := [][]byte{append([]byte{}, value...)}
		if cols, err := straighten([]column{c}, values); err == nil {
			read(&row{cols: cols, values: values})
		}
	})
}
