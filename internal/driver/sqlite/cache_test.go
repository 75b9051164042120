package sqlite

import (
	"fmt"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
)

func TestTheStatementCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	c, err := New(Config{Memory: true, StatementCache: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	dc, err := c.Connect(t.Context(), driver.Writer)
	if err != nil {
		t.Fatal(err)
	}
	defer dc.Close(t.Context())
	conn := dc.(*conn)
	run := func(names ...string) {
		for _, n := range names {
			f := driver.Flight{Statements: []driver.Statement{{SQL: "SELECT '" + n + "'"}}}
			if err := conn.Fly(t.Context(), &f); err != nil || f.Err() != nil {
				t.Fatal(err, f.Err())
			}
		}
	}
	kept := func() (names string) {
		for p := conn.cache.first; p != nil; p = p.next {
			names += p.text[len("SELECT '") : len(p.text)-1]
			if p.next == conn.cache.first {
				break
			}
		}
		return names
	}
	run("a", "b", "c", "a", "d")
	if got := kept(); got != "dac" {
		t.Errorf("kept %q, want dac", got)
	}
	for i := range 100 {
		run(fmt.Sprint(i))
	}
	run("x", "y", "z", "y")
	if got := kept(); got != "yzx" || len(conn.cache.byText) != 3 {
		t.Errorf("kept %q (%d), want yzx", got, len(conn.cache.byText))
	}
	open := 0
	for range conn.raw.Stmts() {
		open++
	}
	if open != 3 {
		t.Errorf("%d statements are open, want 3", open)
	}
}
