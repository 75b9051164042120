package models

import (
	"context"
	"strings"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// Explain returns how the database would carry q out, in its own words and without doing
// it: EXPLAIN on Postgres, EXPLAIN QUERY PLAN on SQLite, one step a line and steps that
// belong to another indented below it. It is for people and for tests that look for an
// index; the words change between versions. An [Insert] of objects can not be explained.
func Explain[R any](ctx context.Context, h Handle, q Query[R]) (string, error) {
	return explain(ctx, h, q.q)
}

func explain(ctx context.Context, h Handle, q *query) (string, error) {
	return valueAt[string](perform(ctx, h, func(t Target) steps { return askExplain(t, q) }))
}

// CallExplain compiles [Explain].
func CallExplain[R any](t Target, q Query[R]) link.Chain[string] { return callExplain(t, q.q) }

func callExplain(t Target, q *query) link.Chain[string] { return chainOf[string](askExplain(t, q)) }

func askExplain(t Target, q *query) steps {
	sink := &anySink{}
	var out string
	c := &call{frame: frame{tables: []*table{}}}
	c.verb = inquiry{func(c *call) (bool, error) {
		st, err := q.text(c.e.dialect)
		if err != nil {
			return false, err
		}
		verb := "EXPLAIN "
		if c.e.dialect == dialect.SQLite {
			verb = "EXPLAIN QUERY PLAN "
		}
		*c.st = driver.Statement{SQL: verb + st.SQL, Args: st.Args, Class: driver.Read, Sink: sink}
		return false, nil
	}, func(*call) (unsafe.Pointer, error) {
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
		out = strings.Join(lines, "\n")
		return unsafe.Pointer(&out), nil
	}}
	return c.on(t)
}
