package models

import (
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Dialect is the SQL of one database: [Postgres] or [SQLite].
type Dialect = dialect.Dialect

// The dialects, for [Query.SQL].
const (
	Postgres = dialect.Postgres
	SQLite   = dialect.SQLite
)

// SQL returns the text of the query as a database gets it, and its arguments, for tests
// and for looking at it. An [Insert] of objects has as many texts as there are ways in
// which its objects leave columns to the database, so it is an error to ask for one.
//
// The arguments are what the program's values became. They are data of its users: keep
// them out of logs.
func (q Query[R]) SQL(d Dialect) (text string, args []any, err error) {
	return q.q.described(d)
}

func (q *query) described(d dialect.Dialect) (text string, args []any, err error) {
	st, err := q.text(d)
	if err != nil {
		return "", nil, err
	}
	args = make([]any, len(st.Args))
	for i := range st.Args {
		args[i] = st.Args[i].Any()
	}
	return st.SQL, args, nil
}

// text writes the query as it is sent for its rows, or without any for its effect.
func (q *query) text(d dialect.Dialect) (driver.Statement, error) {
	switch {
	case q != nil && q.err == nil && q.kind == insertQuery:
		return driver.Statement{}, errors.New("models: an Insert of objects has no text of its own; Config.Echo logs what is sent")
	case q != nil && q.kind != selectQuery && q.kind != rawQuery && q.returning == nil:
		return q.execStatement(d)
	}
	st, err := prepareRows(d, q)
	if err != nil {
		return st, err
	}
	return st, q.joined(d, &st)
}

// joined puts relations that come with a query's objects into its text.
func (q *query) joined(d dialect.Dialect, st *driver.Statement) error {
	e, ok := q.rows.(interface{ table() *table })
	if !ok || q.kind != selectQuery {
		return nil
	}
	l := newLoader(&Engine{dialect: d}, nil, e.table(), q.loads)
	if l == nil {
		return nil
	}
	objs := q.rows.sink(0, false).(objectSink)
	return l.aboard(st, &q.sel, q.source(), objs, objs.of())
}
