package autogen_test

import (
	"os"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// What is written here is what package migrate runs: with foreign keys off on SQLite, in
// one transaction, the odd text of a default included.
func TestSeed79WrittenScriptsRun(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		p := newPlace(t, url)
		db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
		must(t, err)
		defer db.Close()
		run := func() *migrate.Runner {
			t.Helper()
			r, err := migrate.New(db, os.DirFS(p.dir), migrate.Options{})
			must(t, err)
			return r
		}
		create := func(ts tables) {
			t.Helper()
			_, err := autogen.Create(t.Context(), autogen.Options{Models: ts, DB: db, Dir: p.dir})
			must(t, err)
			_, err = run().Up(t.Context())
			must(t, err)
			p.same(ts, "up")
		}
		create(append(rich(), start().get("tags")))
		to := tables(append(rich(), start().get("tags")))
		to.col("users.mid").Type.Kind, to.col("users.mid").Default = schema.Int64, lit(schema.Int64, "7")
		to.col("tags.label").Default = lit(schema.Text, "one;\n-- two\n\n;three")
		create(to)
		_, err = run().Down(t.Context())
		must(t, err)
		p.same(append(rich(), start().get("tags")), "down")
	})
}
