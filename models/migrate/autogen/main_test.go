package autogen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/internal/testleak"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
	"github.com/spillwaydb/spillway/pool"
)

func TestMain(m *testing.M) { testleak.Main(m) }

// A place is a database of a test with a folder of migrations.
type place struct {
	testing.TB
	*models.Engine
	pool    *pool.Pool
	dialect dialect.Dialect
	dir     string
	conn    driver.Conn // without foreign keys on SQLite, as migrations run
	applied []*migrate.File
}

func (p *place) Session() *models.Session { return models.NewSession(p.Engine, "test") }
func (p *place) Stats() pool.Stats        { return p.pool.Stats() }

// both runs f with an empty database of each kind.
func both(t *testing.T, f func(t *testing.T, p *place)) {
	t.Helper()
	testdb.Both(t, func(t *testing.T, url string) { f(t, newPlace(t, url)) })
}

func newPlace(t testing.TB, url string) *place {
	t.Helper()
	c, _, err := backend.Open(url)
	must(t, err)
	p := &place{TB: t, dir: t.TempDir() + "/migrations"}
	p.dialect, _ = dialect.ByName(c.Features().Name)
	p.pool, err = pool.New(c, pool.Config{Size: 2})
	must(t, err)
	p.Engine, err = models.NewEngine(p.pool, models.NewRegistry())
	must(t, err)
	var side driver.Connector
	if p.dialect == dialect.SQLite {
		side, err = sqlite.New(sqlite.Config{Path: strings.TrimPrefix(url, "sqlite:"), Pragmas: []sqlite.Pragma{{Name: "foreign_keys", Value: "0"}}})
	} else {
		side, _, err = backend.Open(url)
	}
	must(t, err)
	p.conn, err = side.Connect(t.Context(), driver.Writer)
	must(t, err)
	t.Cleanup(func() {
		_ = p.conn.Close(context.Background())
		_ = side.Close()
		if err := p.pool.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs statements in one transaction, as a runner does.
func (p *place) run(stmts ...string) error {
	f := &driver.Flight{Statements: []driver.Statement{{SQL: "BEGIN", Class: driver.Begin}}}
	for _, s := range stmts {
		f.Statements = append(f.Statements, driver.Statement{SQL: s})
	}
	violations := &texts{}
	if p.dialect == dialect.SQLite {
		f.Statements = append(f.Statements, driver.Statement{SQL: "SELECT * FROM pragma_foreign_key_check", Sink: violations})
	}
	if err := p.conn.Fly(p.Context(), f); err != nil {
		return err
	}
	end := driver.Statement{SQL: "COMMIT", Class: driver.Commit}
	err := f.Err()
	for i := range f.Statements {
		if e := f.Statements[i].Err; e != nil {
			err = fmt.Errorf("%s: %w", f.Statements[i].SQL, e)
			break
		}
	}
	if err == nil && len(violations.out) > 0 {
		err = fmt.Errorf("foreign keys are violated: %v", violations.out)
	}
	if err != nil {
		end = driver.Statement{SQL: "ROLLBACK", Class: driver.Rollback}
	}
	e := &driver.Flight{Statements: []driver.Statement{end}}
	if ferr := p.conn.Fly(p.Context(), e); ferr != nil {
		return ferr
	}
	if err == nil {
		err = e.Err()
	}
	return err
}

// rows reads a query as text, "a|b" for each row.
func (p *place) rows(sql string) []string {
	p.Helper()
	s := &texts{}
	f := &driver.Flight{Statements: []driver.Statement{{SQL: sql, Sink: s}}}
	must(p, p.conn.Fly(p.Context(), f))
	must(p, f.Err())
	return s.out
}

type texts struct {
	n   int
	out []string
}

func (s *texts) Begin(cols []driver.Column) error { s.n, s.out = len(cols), nil; return nil }

func (s *texts) Row(r driver.Row) error {
	vals := make([]string, s.n)
	for i := range vals {
		if r.IsNull(i) {
			vals[i] = "NULL"
			continue
		}
		v, err := r.Value(i)
		if err != nil {
			return err
		}
		switch b := v.(type) {
		case []byte:
			v = string(b)
		case json.RawMessage:
			v = string(b)
		}
		vals[i] = fmt.Sprint(v)
	}
	s.out = append(s.out, strings.Join(vals, "|"))
	return nil
}

// create makes tables as CreateTables does.
func (p *place) create(tables []*schema.Table) {
	p.Helper()
	must(p, p.run(p.dialect.Create(tables)...))
}

func (p *place) options(tables []*schema.Table) autogen.Options {
	return autogen.Options{Models: tables, DB: p, Dir: p.dir}
}

// make writes a migration and applies it; nil if there is nothing to do.
func (p *place) make(o autogen.Options) *autogen.Result {
	p.Helper()
	r, err := autogen.Create(p.Context(), o)
	must(p, err)
	if len(r.Files) > 0 {
		p.up(r)
	}
	return r
}

// parse reads the script for the place's database.
func (p *place) parse(r *autogen.Result) *migrate.File {
	p.Helper()
	for _, x := range r.Files {
		if x.Dialect != p.dialect.String() {
			continue
		}
		text, err := os.ReadFile(x.Path)
		must(p, err)
		f, err := migrate.Parse(x.Path, string(text))
		must(p, err)
		return f
	}
	p.Fatalf("no script for %s", p.dialect)
	return nil
}

func sqlOf(stmts []migrate.Statement) (out []string) {
	for _, s := range stmts {
		out = append(out, s.SQL)
	}
	return out
}

func (p *place) up(r *autogen.Result) {
	p.Helper()
	f := p.parse(r)
	if err := p.run(sqlOf(f.Up)...); err != nil {
		p.Fatalf("up: %v\n%s", err, f.Text)
	}
	p.applied = append(p.applied, f)
}

// down takes the newest migration back, the file too.
func (p *place) down() {
	p.Helper()
	f := p.applied[len(p.applied)-1]
	p.applied = p.applied[:len(p.applied)-1]
	if err := p.run(sqlOf(f.Down)...); err != nil {
		p.Fatalf("down: %v\n%s", err, f.Text)
	}
}

// same fails unless the database is what the models say.
func (p *place) same(tables []*schema.Table, when string) {
	p.Helper()
	d, err := autogen.Check(p.Context(), p.options(tables))
	must(p, err)
	if len(d.Database) > 0 {
		p.Errorf("%s: the database differs:\n%s", when, strings.Join(d.Database, "\n"))
	}
}
