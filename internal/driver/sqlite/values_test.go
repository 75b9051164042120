package sqlite_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

func TestStoredTimesSortAndServeSQLitesFunctions(t *testing.T) {
	conn := memory(t)
	do(t, conn, "CREATE TABLE d (c TIMESTAMP TEXT)")
	times := []time.Time{
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(1970, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(2026, 2, 28, 23, 30, 0, 0, time.FixedZone("", -3600)),
		time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	for _, i := range []int{3, 1, 5, 0, 4, 2} {
		do(t, conn, "INSERT INTO d VALUES (?1)", driver.Time(times[i]))
	}
	for i, r := range query(t, conn, "SELECT c, unixepoch(c), length(c), typeof(c) FROM d ORDER BY c") {
		want := times[i].Truncate(time.Microsecond)
		if !r[0].(time.Time).Equal(want) || r[1] != want.Unix() || r[2] != int64(27) || r[3] != "text" {
			t.Errorf("place %d: %v, want %v", i, r, want)
		}
	}
	if got := one(t, conn, "SELECT CAST(?1 AS TEXT)", driver.Time(times[3])); got != "2026-03-01 00:30:00.000000Z" {
		t.Errorf("stored as %s", got)
	}
}

func TestTimesOfOthersAreRead(t *testing.T) {
	conn := memory(t)
	do(t, conn, "CREATE TABLE d (c DATETIME)")
	for text, want := range map[string]string{
		"2026-02-28":                          "2026-02-28T00:00:00Z",
		"2026-02-28 01:02":                    "2026-02-28T01:02:00Z",
		"2026-02-28 01:02:03":                 "2026-02-28T01:02:03Z",
		"2026-02-28T01:02:03.5Z":              "2026-02-28T01:02:03.5Z",
		"2026-02-28T01:02:03.123456789+02:00": "2026-02-27T23:02:03.123456Z",
		"2026-02-30 00:00:00.000000Z":         "",
		"2026-02-28 24:00:00.000000Z":         "",
		"yesterday":                           "",
	} {
		do(t, conn, "DELETE FROM d")
		do(t, conn, "INSERT INTO d VALUES (?1)", driver.Text(text))
		err := try(t.Context(), conn, driver.Statement{SQL: "SELECT c FROM d", Sink: each(func(r driver.Row) error {
			got, err := r.Value(0)
			if err == nil && got.(time.Time).Format(time.RFC3339Nano) != want {
				t.Errorf("%q is read as %v, want %s", text, got, want)
			}
			return err
		})})
		if (err != nil) != (want == "") || err != nil && !isKind(err, driver.ErrDecode) {
			t.Errorf("%q: %v", text, err)
		}
	}
	do(t, conn, "DELETE FROM d")
	do(t, conn, "INSERT INTO d VALUES (1700000000)")
	if got := query(t, conn, "SELECT c FROM d")[0][0]; got != int64(1700000000) {
		t.Errorf("a number in a DATETIME column is read as %v", got)
	}
}

func TestArraysMatchWhatColumnsHold(t *testing.T) {
	conn := memory(t)
	id := [16]byte{0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xcd}
	now := time.Date(2026, 2, 28, 1, 2, 3, 456789123, time.UTC)
	odd := "q\"b\\n\n\tü漢\x01 </script>"
	for _, c := range []struct {
		array driver.Value
		one   driver.Value
		value string
	}{
		{driver.Array([]int64{1, math.MinInt64, math.MaxInt64}), driver.Int64(math.MinInt64), "value"},
		{driver.Array([]float64{0.1, math.MaxFloat64, math.Inf(-1)}), driver.Float64(0.1), "value"},
		{driver.Array([]float64{1, math.SmallestNonzeroFloat64}), driver.Float64(math.SmallestNonzeroFloat64), "value"},
		{driver.Array([]float64{math.Inf(-1)}), driver.Float64(math.Inf(-1)), "value"},
		{driver.Array([]string{"", odd}), driver.Text(odd), "value"},
		{driver.Array([]string{"half \xe6\xbc"}), driver.Text("half \xe6\xbc"), "value"},
		{driver.Array([]bool{true}), driver.Bool(true), "value"},
		{driver.Array([][]byte{{0, 1}, {}, {0xff, 0}}), driver.Bytes([]byte{0xff, 0}), "unhex(value)"},
		{driver.Array([]time.Time{now}), driver.Time(now), "value"},
		{driver.Array([][16]byte{{}, id}), driver.UUID(id), "value"},
	} {
		if got := one(t, conn, "SELECT count(*) FROM json_each(?1) WHERE "+c.value+" = ?2", c.array, c.one); got != "1" {
			t.Errorf("%v: found %s times", c.one.Kind(), got)
		}
	}
	if got := one(t, conn, "SELECT count(*) FROM json_each(?1)", driver.Array([]int64(nil))); got != "0" {
		t.Errorf("an empty array has %s elements", got)
	}
}

func TestValuesWithoutAFormAreRefused(t *testing.T) {
	conn := memory(t)
	for _, v := range []driver.Value{
		driver.Float64(math.NaN()),
		driver.Array([]float64{1, math.NaN()}),
		driver.Time(time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC)),
		driver.Time(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		driver.Array([]time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}),
	} {
		err := try(t.Context(), conn, driver.Statement{SQL: "SELECT ?1, ?2", Args: []driver.Value{driver.Null(), v}})
		if !isKind(err, driver.ErrValue) || !strings.Contains(err.Error(), "argument 2") {
			t.Errorf("%v: %v", v.Any(), err)
		}
	}
	for _, args := range [][]driver.Value{nil, {driver.Null()}, {driver.Null(), driver.Null(), driver.Null()}} {
		err := try(t.Context(), conn, driver.Statement{SQL: "SELECT ?1, ?2", Args: args})
		if !isKind(err, driver.ErrValue) || !strings.Contains(err.Error(), fmt.Sprintf("takes 2 arguments, got %d", len(args))) {
			t.Errorf("%d arguments: %v", len(args), err)
		}
	}
}

// What the last flight bound must not be seen by the next one.
func TestArgumentsAreForgotten(t *testing.T) {
	conn := memory(t)
	const q = "SELECT ?1"
	if got := one(t, conn, q, driver.Text("first")); got != "first" {
		t.Fatal(got)
	}
	if got := one(t, conn, q, driver.Null()); got != "<nil>" {
		t.Errorf("NULL comes back as %s", got)
	}
}

func TestMessagesThatRepeatAnArgumentAreWithheld(t *testing.T) {
	conn := memory(t)
	for _, s := range []driver.Statement{
		{SQL: "SELECT json_extract('{}', ?1)", Args: []driver.Value{driver.Text("canary")}},
		{SQL: "SELECT json_extract('{}', ?1)", Args: []driver.Value{driver.Int64(123456789)}},
	} {
		err := try(t.Context(), conn, s)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "123456789") || !strings.Contains(err.Error(), "withheld") {
			t.Errorf("%v", err)
		}
	}
}

func TestDeclaredTypesDecideWhatAValueIs(t *testing.T) {
	conn := memory(t)
	do(t, conn, `CREATE TABLE k (a boolean, b "JSON TEXT", c JSON TEXT, d UUID TEXT, e Date, f VARCHAR(10), g NUMERIC)`)
	do(t, conn, `INSERT INTO k VALUES (1, '{}', '12345678901234567890', '00000000-0000-0000-0000-000000000001', '2026-01-02', 'x', 2.0)`)
	var kinds []string
	for _, v := range query(t, conn, "SELECT * FROM k")[0] {
		kinds = append(kinds, fmt.Sprintf("%T", v))
	}
	want := []string{"bool", "json.RawMessage", "json.RawMessage", "[16]uint8", "time.Time", "string", "int64"}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if got := fmt.Sprintf("%s", query(t, conn, "SELECT c FROM k")[0][0]); got != "12345678901234567890" {
		t.Errorf("a document that is a number comes back as %s", got)
	}
	// An integer other than 0 and 1 is no boolean.
	do(t, conn, "UPDATE k SET a = 2")
	if err := try(t.Context(), conn, driver.Statement{SQL: "SELECT a FROM k", Sink: &rows{}}); !isKind(err, driver.ErrDecode) {
		t.Errorf("2 in a boolean column: %v", err)
	}
}
