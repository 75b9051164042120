package postgres_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// A statement's first run is in text and the later ones in binary: all must agree.
const runs = 3

func TestEveryTypeReadsAlikeInTextAndBinary(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn, schema("CREATE TYPE mood AS ENUM ('fine', 'so so')"), schema("CREATE DOMAIN small AS int4 CHECK (VALUE < 100)"), schema("CREATE TYPE pair AS (a int, b text)"))
	for expression, want := range map[string]string{
		"true":                               "bool true",
		"1::int2":                            "int64 1",
		"(-2147483648)::int4":                "int64 -2147483648",
		"9223372036854775807":                "int64 9223372036854775807",
		"4294967295::oid":                    "int64 4294967295",
		"0.1::float4":                        "float64 0.10000000149011612",
		"0.1::float8":                        "float64 0.1",
		"'NaN'::float8":                      "float64 NaN",
		"'-Infinity'::float4":                "float64 -Inf",
		"12345678901234567890.0123456789":    "string 12345678901234567890.0123456789",
		"'NaN'::numeric":                     "string NaN",
		"''::text":                           "string ",
		"'a'::char(3)":                       "string a  ",
		"'n'::name":                          "string n",
		"'c'::\"char\"":                      "string c",
		"'unknown'":                          "string unknown",
		`'\x00ff41'::bytea`:                  "[]uint8 [0 255 65]",
		"'{\"a\": 1}'::json":                 `json.RawMessage [123 34 97 34 58 32 49 125]`,
		"'[1]'::jsonb":                       "json.RawMessage [91 49 93]",
		"'2026-11-21'::date":                 "time.Time 2026-11-21 00:00:00 +0000 UTC",
		"'0044-03-15 BC'::date":              "time.Time -0043-03-15 00:00:00 +0000 UTC",
		"'2026-11-21 07:36:23.5'::timestamp": "time.Time 2026-11-21 07:36:23.5 +0000 UTC",
		"'2026-11-21 07:36:23.000001+05:30'::timestamptz": "time.Time 2026-11-21 02:06:23.000001 +0000 UTC",
		"'1600-01-01 00:00:00+00'::timestamptz":           "time.Time 1600-01-01 00:00:00 +0000 UTC",
		"'294276-12-31 23:59:59.999999+00'::timestamptz":  "time.Time 294276-12-31 23:59:59.999999 +0000 UTC",
		"'4713-11-24 00:00:00+00 BC'::timestamptz":        "time.Time -4712-11-24 00:00:00 +0000 UTC",
		"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid":    "[16]uint8 [160 238 188 153 156 11 78 248 187 109 107 185 189 56 10 17]",
		"'1 day 02:03:04'::interval":                      "string 1 day 02:03:04",
		"'12:34:56'::time":                                "string 12:34:56",
		"'10.0.0.0/8'::cidr":                              "string 10.0.0.0/8",
		"'fine'::mood":                                    "string fine",
		"7::small":                                        "int64 7",
		"ROW(1, 'x')::pair":                               "string (1,x)",
		"int4range(1, 5)":                                 "string [1,5)",
		"ARRAY[1, NULL, 3]":                               "[]interface {} [1 <nil> 3]",
		"ARRAY[ARRAY['a', 'b,\"'], ARRAY['NULL', NULL]]":  `[]interface {} [[a b,"] [NULL <nil>]]`,
		"'{}'::int8[]":                                    "[]interface {} []",
		"'[0:1]={5,6}'::int2[]":                           "[]interface {} [5 6]",
		"ARRAY[true, false]":                              "[]interface {} [true false]",
		"ARRAY['2026-01-02'::date]":                       "[]interface {} [2026-01-02 00:00:00 +0000 UTC]",
		`ARRAY['\x4142'::bytea]`:                          "[]interface {} [[65 66]]",
		"ARRAY[1.50]":                                     "[]interface {} [1.50]",
		"ARRAY['fine'::mood]":                             "string {fine}",
		"NULL":                                            "<nil> <nil>",
		"NULL::int4":                                      "<nil> <nil>",
	} {
		for run := range runs {
			st := fly(t, conn, read("SELECT "+expression+" AS c"))[0]
			if st.Err != nil {
				t.Errorf("%s, run %d: %v", expression, run, st.Err)
				continue
			}
			v := st.Sink.(*table).rows[0][0]
			if got := fmt.Sprintf("%T %v", v, v); got != want {
				t.Errorf("%s, run %d: %s, want %s", expression, run, got, want)
			}
		}
	}
}

func TestGettersConvertWithinAFamily(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	for _, tt := range []struct {
		expression string
		get        func(driver.Row) (any, error)
		want       any // nil: ErrDecode
	}{
		{"5::int2", func(r driver.Row) (any, error) { return r.Float64(0) }, 5.0},
		{"sum(n) FROM generate_series(1, 4) AS n", func(r driver.Row) (any, error) { return r.Int64(0) }, int64(10)},
		{"sum(n::int8) FROM generate_series(1, 4) AS n", func(r driver.Row) (any, error) { return r.Int64(0) }, int64(10)},
		{"2.50", func(r driver.Row) (any, error) { return r.Float64(0) }, 2.5},
		{"2.50", func(r driver.Row) (any, error) { return r.Int64(0) }, nil},
		{"1e30::numeric", func(r driver.Row) (any, error) { return r.Int64(0) }, nil},
		{"1.5::float8", func(r driver.Row) (any, error) { return r.Int64(0) }, nil},
		{"1", func(r driver.Row) (any, error) { return r.Bool(0) }, nil},
		{"true", func(r driver.Row) (any, error) { return r.Int64(0) }, nil},
		{"true", func(r driver.Row) (any, error) { return r.Text(0) }, "true"},
		{"0.1::float4", func(r driver.Row) (any, error) { return r.Text(0) }, "0.1"},
		{"1e21::float8", func(r driver.Row) (any, error) { return r.Text(0) }, "1e+21"},
		{`'\x41'::bytea`, func(r driver.Row) (any, error) { return r.Text(0) }, `\x41`},
		{"'2026-11-21'::date", func(r driver.Row) (any, error) { return r.Text(0) }, "2026-11-21"},
		{"'2026-11-21 01:02:03+01'::timestamptz", func(r driver.Row) (any, error) { return r.Text(0) }, "2026-11-21 00:02:03.000000+00"},
		{"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::text", func(r driver.Row) (any, error) { v, err := r.UUID(0); return v[0], err }, byte(0xa0)},
		{`'\xa0eebc999c0b4ef8bb6d6bb9bd380a11'::bytea`, func(r driver.Row) (any, error) { v, err := r.UUID(0); return v[0], err }, byte(0xa0)},
		{`'\xa0'::bytea`, func(r driver.Row) (any, error) { return r.UUID(0) }, nil},
		{"'{}'::jsonb", func(r driver.Row) (any, error) { v, err := r.Bytes(0); return string(v), err }, "{}"},
		{"5", func(r driver.Row) (any, error) { return r.Bytes(0) }, nil},
		{"'infinity'::timestamptz", func(r driver.Row) (any, error) { return r.Time(0) }, nil},
		{"'-infinity'::date", func(r driver.Row) (any, error) { return r.Value(0) }, nil},
		{"'12:00'::time", func(r driver.Row) (any, error) { return r.Time(0) }, nil},
	} {
		for run := range runs {
			var got any
			st := fly(t, conn, driver.Statement{SQL: "SELECT " + tt.expression, Class: driver.Read, Sink: each(func(r driver.Row) (err error) {
				got, err = tt.get(r)
				return err
			})})[0]
			if tt.want == nil {
				is(t, st.Err, driver.ErrDecode)
			} else if st.Err != nil || got != tt.want {
				t.Errorf("%s, run %d: %v %v, want %v", tt.expression, run, got, st.Err, tt.want)
			}
		}
	}
}

func TestArgumentsMeanTheSameInTextAndBinary(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	at := time.Date(2026, 11, 21, 23, 30, 0, 999_999_999, time.FixedZone("", -5*3600))
	id := [16]byte{0xa0, 15: 1}
	for _, tt := range []struct {
		typ  string
		arg  driver.Value
		want string // "" means ErrValue
	}{
		{"int2", driver.Int64(-32768), "-32768"},
		{"int2", driver.Int64(32768), ""},
		{"int4", driver.Int64(math.MaxInt32), "2147483647"},
		{"int4", driver.Int64(math.MaxInt32 + 1), ""},
		{"int8", driver.Int64(math.MinInt64), "-9223372036854775808"},
		{"numeric", driver.Int64(math.MaxInt64), "9223372036854775807"},
		{"float8", driver.Int64(3), "3"},
		{"float4", driver.Float64(0.1), "0.1"},
		{"float4", driver.Float64(1e300), ""},
		{"float8", driver.Float64(math.Inf(-1)), "-Infinity"},
		{"numeric", driver.Float64(0.1), "0.1"},
		{"numeric", driver.Float64(math.NaN()), "NaN"},
		{"int8", driver.Float64(7), "7"},
		{"int8", driver.Float64(7.5), ""},
		{"text", driver.Int64(42), "42"},
		{"text", driver.Bool(true), "true"},
		{"bool", driver.Text("yes"), "true"},
		{"int4", driver.Text(" 12 "), "12"},
		{"int4", driver.Text(canary), ""},
		{"text", driver.Bytes([]byte{0x41}), `\x41`},
		{"bytea", driver.Text("plain"), `\x706c61696e`},
		{"date", driver.Time(at), "2026-11-22"},
		{"timestamp", driver.Time(at), "2026-11-22 04:30:00.999999"},
		{"timestamptz", driver.Time(at), "2026-11-22 01:00:00.999999-03:30"},
		{"text", driver.Time(at), "2026-11-22 04:30:00.999999+00"},
		{"date", driver.Time(time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)), "1999-12-31"},
		{"timestamptz", driver.Time(time.Date(400_000, 1, 1, 0, 0, 0, 0, time.UTC)), ""},
		{"uuid", driver.UUID(id), "a0000000-0000-0000-0000-000000000001"},
		{"text", driver.UUID(id), "a0000000-0000-0000-0000-000000000001"},
		{"uuid", driver.Text("A0000000-0000-0000-0000-000000000001"), "a0000000-0000-0000-0000-000000000001"},
		{"json", driver.JSON([]byte(`{"a" : 1}`)), `{"a" : 1}`},
		{"jsonb", driver.JSON([]byte(`{"a" : 1}`)), `{"a": 1}`},
		{"jsonb", driver.Int64(5), "5"},
		{"interval", driver.Text("90 minutes"), "01:30:00"},
		{"int8[]", driver.Array([]int64{1, math.MaxInt64}), "{1,9223372036854775807}"},
		{"int4[]", driver.Array([]int64{1, 2}), "{1,2}"},
		{"int4[]", driver.Array([]int64{1, 1 << 40}), ""},
		{"int8[]", driver.Array([]int64{}), "{}"},
		{"numeric[]", driver.Array([]float64{0.5, 2}), "{0.5,2}"},
		{"float8[]", driver.Array([]float64{0.5, math.Inf(1)}), "{0.5,Infinity}"},
		{"text[]", driver.Array([]string{"", `q"\`, "NULL", "a,b", "{x}"}), `{"","q\"\\","NULL","a,b","{x}"}`},
		{"bool[]", driver.Array([]bool{true, false}), "{t,f}"},
		{"bytea[]", driver.Array([][]byte{{0}, {}}), `{"\\x00","\\x"}`},
		{"date[]", driver.Array([]time.Time{at}), "{2026-11-22}"},
		{"timestamptz[]", driver.Array([]time.Time{at}), `{"2026-11-22 01:00:00.999999-03:30"}`},
		{"uuid[]", driver.Array([][16]byte{id}), "{a0000000-0000-0000-0000-000000000001}"},
		{"text[]", driver.Array([][16]byte{id}), "{a0000000-0000-0000-0000-000000000001}"},
	} {
		for run := range runs {
			st := fly(t, conn, read("SELECT ($1::"+tt.typ+")::text", tt.arg))[0]
			if tt.want == "" {
				is(t, st.Err, driver.ErrValue)
				if run > 0 && tt.arg.Kind() == driver.KindInt64 && !strings.Contains(st.Err.Error(), "$1") {
					t.Errorf("%v as %s, run %d: the error does not name the parameter: %v", tt.arg, tt.typ, run, st.Err)
				}
				continue
			}
			if st.Err != nil {
				t.Errorf("%v as %s, run %d: %v", tt.arg, tt.typ, run, st.Err)
				continue
			}
			if got := fmt.Sprint(st.Sink.(*table).rows[0][0]); got != tt.want {
				t.Errorf("%v as %s, run %d: %s, want %s", tt.arg, tt.typ, run, got, tt.want)
			}
		}
	}
}

func TestNoErrorTellsAnArgument(t *testing.T) {
	conn := connect(t, connector(t, testdb.Postgres(t)))
	do(t, conn,
		schema("CREATE TYPE mood AS ENUM ('fine')"),
		schema("CREATE TABLE t (id int4 PRIMARY KEY, v varchar(5), d date, m mood, j jsonb, u text UNIQUE, n text NOT NULL DEFAULT '', CHECK (u <> 'bad'))"),
		schema("CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the value % is not liked', NEW.n; END $$"),
		schema("CREATE TRIGGER c BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION complain()"),
		write("INSERT INTO t (id, u) VALUES (1, $1)", driver.Text(canary)),
	)
	for _, st := range []driver.Statement{
		write("INSERT INTO t (id, v) VALUES (2, $1)", driver.Text(canary)),
		write("INSERT INTO t (id, d) VALUES (2, $1)", driver.Text(canary)),
		write("INSERT INTO t (id, m) VALUES (2, $1)", driver.Text(canary)),
		write("INSERT INTO t (id, j) VALUES (2, $1)", driver.JSON([]byte(`{"`+canary))),
		write("INSERT INTO t (id, u) VALUES (2, $1)", driver.Text(canary)),
		write("INSERT INTO t (id, v) VALUES ($1, 'x')", driver.Text(canary)),
		write("INSERT INTO t (id, u, n) VALUES (2, $1, NULL)", driver.Text(canary+"x")),
		write("UPDATE t SET n = $1", driver.Text(canary)),
		write("INSERT INTO t (id, v) VALUES (2, $1)", driver.Text(canary+"\x00")),
		write("INSERT INTO t (id, v) VALUES (2, $1)", driver.Bytes([]byte(canary))),
		read("SELECT to_date($1, 'YYYY')", driver.Text(canary)),
		read("SELECT $1::inet", driver.Text(canary)),
		read("SELECT ($1::text)::int[]", driver.Text(canary)),
		read("SELECT set_config($1, 'x', false)", driver.Text(canary)),
	} {
		for range runs {
			if err := fly(t, conn, st)[0].Err; err == nil { // fly looks for the canary
				t.Errorf("%s: no error", st.SQL)
			}
		}
	}
}
