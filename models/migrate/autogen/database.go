package autogen

import (
	"context"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// A Database is an open database: a *spillway.DB.
type Database interface {
	models.Handle
	// Session starts a unit of work.
	Session() *models.Session
	// Stats tells the backend's name.
	Stats() pool.Stats
}

// asker runs statements on one connection.
type asker interface {
	ask(ctx context.Context, sql string) ([][]any, error)
	exec(ctx context.Context, sql string) error
}

// live is a connection of the user's database, held by a session.
type live struct{ *models.Session }

func (l live) ask(ctx context.Context, sql string) ([][]any, error) {
	rows, err := models.All(ctx, l.Session, models.Raw[models.Tuple](models.Unsafe(sql)).ReadOnly())
	if err != nil {
		return nil, err
	}
	out := make([][]any, len(rows))
	for i, r := range rows {
		out[i] = r.Values
	}
	return out, nil
}

func (l live) exec(ctx context.Context, sql string) error {
	_, err := models.Exec(ctx, l.Session, models.Raw[models.Tuple](models.Unsafe(sql)))
	return err
}

// memory is an SQLite database in memory, with foreign keys off.
type memory struct {
	connector driver.Connector
	conn      driver.Conn
}

func openMemory(ctx context.Context) (*memory, error) {
	c, err := sqlite.New(sqlite.Config{Memory: true, Pragmas: []sqlite.Pragma{{Name: "foreign_keys", Value: "0"}}})
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(ctx, driver.Writer)
	if err != nil {
		_ = c.Close() // nothing was opened
		return nil, err
	}
	return &memory{c, conn}, nil
}

func (m *memory) close() {
	_ = m.conn.Close(context.Background()) // what was in it is not wanted
	_ = m.connector.Close()
}

func (m *memory) ask(ctx context.Context, sql string) ([][]any, error) {
	rows := &rowSink{}
	err := m.fly(ctx, driver.Statement{SQL: sql, Class: driver.Raw, Sink: rows})
	return rows.out, err
}

func (m *memory) fly(ctx context.Context, s driver.Statement) error {
	f := &driver.Flight{Statements: []driver.Statement{s}}
	if err := m.conn.Fly(ctx, f); err != nil {
		return err
	}
	return f.Err()
}

func (m *memory) exec(ctx context.Context, sql string) error {
	return m.fly(ctx, driver.Statement{SQL: sql, Class: driver.Raw})
}

type rowSink struct {
	n   int
	out [][]any
}

// Begin implements driver.Sink.
func (s *rowSink) Begin(cols []driver.Column) error {
	s.n, s.out = len(cols), nil
	return nil
}

// Row implements driver.Sink.
func (s *rowSink) Row(r driver.Row) error {
	vals := make([]any, s.n)
	for i := range vals {
		v, err := r.Value(i)
		if err != nil {
			return err
		}
		vals[i] = v
	}
	s.out = append(s.out, vals)
	return nil
}

// read tells what a database holds.
func read(ctx context.Context, d dialect.Dialect, a asker) (*state, error) {
	if d == dialect.SQLite {
		return readSQLite(ctx, a)
	}
	return readPostgres(ctx, a)
}

func readSQLite(ctx context.Context, a asker) (*state, error) {
	rows, err := a.ask(ctx, `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY type = 'index', rowid`)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	s := &state{dialect: dialect.SQLite}
	for _, r := range rows {
		kind, name, of, sql := text(r[0]), text(r[1]), text(r[2]), text(r[3])
		switch kind {
		case "table":
			if ts := tokens(sql); len(ts) > 1 && ts[1].is("VIRTUAL") {
				continue
			}
			t, err := parseTable(sql)
			if err != nil {
				return nil, err
			}
			t.name = name
			s.tables = append(s.tables, t)
		case "index":
			if t := s.table(of); t != nil {
				t.parts = append(t.parts, parseIndex(name, sql))
			}
		case "trigger":
			s.triggers = append(s.triggers, trigger{name, of, sql})
		case "view":
			s.views = append(s.views, sql)
		}
	}
	// A foreign key may leave the columns out that it refers to: then it means the key.
	for _, t := range s.tables {
		for _, p := range t.parts {
			if ref := s.table(p.ref); p.kind == foreign && len(p.refColumns) == 0 && ref != nil {
				p.refColumns = ref.key
				p.canon = strings.Replace(p.canon, "references "+canonName(p.ref)+" ( )", "references "+canonName(p.ref)+" ( "+canonText(dialect.Names(ref.key))+" )", 1)
			}
		}
	}
	return s, nil
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}
