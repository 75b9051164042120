package autogen

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models"
)

// errNoScratch: there is nowhere to try things out.
var errNoScratch = errors.New("no scratch database")

// A scratch is an empty place to try scripts out: a database in memory, or a schema of
// Postgres in a transaction that is never committed.
type scratch struct {
	asker
	dialect dialect.Dialect
	close   func()
}

// newScratch makes one. Without a database to make it in, or without the right to, the
// error is errNoScratch.
func newScratch(ctx context.Context, d dialect.Dialect, db Database) (*scratch, error) {
	if d == dialect.SQLite {
		m, err := openMemory(ctx)
		if err != nil {
			return nil, fmt.Errorf("autogen: open a scratch database: %w", err)
		}
		return &scratch{m, d, m.close}, nil
	}
	if db == nil {
		return nil, errNoScratch
	}
	s := db.Session()
	fail := func(err error) (*scratch, error) {
		s.Close()
		if errors.Is(err, driver.ErrAuth) {
			return nil, errNoScratch
		}
		return nil, fmt.Errorf("autogen: make a scratch schema: %w", err)
	}
	if err := s.Begin(ctx, models.TxOptions{}); err != nil {
		return fail(err)
	}
	l := live{s}
	path, err := l.ask(ctx, "SELECT current_setting('search_path')")
	if err != nil {
		return fail(err)
	}
	name := q("_spillway_" + strings.ToLower(rand.Text()[:12]))
	for _, sql := range []string{"CREATE SCHEMA " + name, "SET LOCAL search_path = " + name + ", " + text(path[0][0])} {
		if err := l.exec(ctx, sql); err != nil {
			return fail(err)
		}
	}
	return &scratch{l, d, func() { s.Close() }}, nil
}

// run carries statements out; the error names the one that fails.
func (s *scratch) run(ctx context.Context, stmts []string) error {
	for i, sql := range stmts {
		if err := s.exec(ctx, sql); err != nil {
			return fmt.Errorf("statement %d of %d, %s: %w", i+1, len(stmts), short(sql), err)
		}
	}
	return nil
}

// short is the first line of a statement.
func short(sql string) string {
	line, rest, _ := strings.Cut(sql, "\n")
	if rest != "" {
		line += " …"
	}
	return line
}

func (s *scratch) state(ctx context.Context) (*state, error) { return read(ctx, s.dialect, s) }

// copy makes what st holds.
func (s *scratch) copy(ctx context.Context, st *state) error {
	if s.dialect == dialect.SQLite {
		var stmts []string
		for _, t := range st.tables {
			stmts = append(stmts, t.sql)
		}
		for _, t := range st.tables {
			stmts = append(stmts, t.indexes()...)
		}
		stmts = append(stmts, st.views...)
		for _, tr := range st.triggers {
			stmts = append(stmts, tr.sql)
		}
		return s.run(ctx, stmts)
	}
	p, err := planFor(compare(&state{dialect: s.dialect}, st), nil, false)
	if err != nil {
		return err
	}
	return s.run(ctx, p.stmts)
}

// desired is the state of a database that holds exactly the tables of models. With a
// scratch database its texts are those of the database, else it is rough.
func desired(ctx context.Context, d dialect.Dialect, db Database, tables []*schema.Table) (*state, error) {
	want, err := build(d, tables)
	if err != nil || d == dialect.SQLite {
		return want, err
	}
	s, err := newScratch(ctx, d, db)
	if errors.Is(err, errNoScratch) {
		return want, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.run(ctx, d.Create(tables)); err != nil {
		return nil, fmt.Errorf("autogen: the database refuses the tables of the models: %w", err)
	}
	have, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	want.settle(have)
	return want, nil
}

// current is what the user's database holds.
func current(ctx context.Context, d dialect.Dialect, db Database) (*state, error) {
	s := db.Session()
	defer s.Close()
	if err := s.Begin(ctx, models.TxOptions{ReadOnly: true}); err != nil {
		return nil, err
	}
	return read(ctx, d, live{s})
}
