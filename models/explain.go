package models

import (
	"context"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// Explain returns how the database would carry q out, in its own words and without doing
// it: EXPLAIN on Postgres, EXPLAIN QUERY PLAN on SQLite, one step a line and steps that
// belong to another indented below it. It is for people and for tests that look for an
// index; the words change between versions. An [Insert] of objects can not be explained.
func Explain[R any](ctx context.Context, h Handle, q Query[R]) (string, error) {
	return run(ctx, h, func(t Target) link.Chain[string] { return CallExplain(t, q) })
}

// CallExplain compiles [Explain].
func CallExplain[R any](t Target, q Query[R]) link.Chain[string] {
	sink := &anySink{}
	c := &call[string]{tables: []*table{}}
	c.prepare = func(c *call[string]) (bool, error) {
		st, err := q.q.text(c.e.dialect)
		if err != nil {
			return false, err
		}
		verb := "EXPLAIN "
		if c.e.dialect == dialect.SQLite {
			verb = "EXPLAIN QUERY PLAN "
		}
		*c.st = driver.Statement{SQL: verb + st.SQL, Args: st.Args, Class: driver.Read, Sink: sink}
		return false, nil
	}
	c.finish = func(*call[string]) (string, error) {
		var lines []string
		depth := map[any]int{} // of SQLite's steps, whose columns are id, parent, …, detail
		for _, row := range sink.tuples {
			line, _ := row.Values[len(row.Values)-1].(string)
			if len(row.Values) == 4 {
				d := depth[row.Values[1]]
				depth[row.Values[0]] = d + 1
				line = strings.Repeat("  ", d) + line
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n"), nil
	}
	return c.chain(t)
}
