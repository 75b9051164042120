package dialect_test

import (
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/internal/dialect"
)

func TestScript(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"", nil},
		{" ;; -- nothing;\n /* ; */ ", nil},
		{"SELECT 1", []string{"SELECT 1"}},
		{"SELECT 1; SELECT ';' ;\nSELECT \";\" -- ;\n", []string{"SELECT 1", "SELECT ';'", "SELECT \";\" -- ;"}},
		{"SELECT E'\\';'; SELECT 2", []string{"SELECT E'\\';'", "SELECT 2"}},
		{"DO $$ BEGIN x; END $$; SELECT $1$;", []string{"DO $$ BEGIN x; END $$", "SELECT $1$"}},
		{"DO $f$ a; $$ b; $$ $f$;SELECT 2", []string{"DO $f$ a; $$ b; $$ $f$", "SELECT 2"}},
		{
			"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3;",
			[]string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"},
		},
		{
			"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
			[]string{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3"},
		},
		{
			"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END; SELECT 3",
			[]string{"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END", "SELECT 3"},
		},
		{"CREATE TABLE trigger (x int); BEGIN; SELECT 1; END", []string{"CREATE TABLE trigger (x int)", "BEGIN", "SELECT 1", "END"}},
		{"BEGIN; SELECT 1; COMMIT", []string{"BEGIN", "SELECT 1", "COMMIT"}},
		{"SELECT 'open; SELECT 2", []string{"SELECT 'open; SELECT 2"}},
		{"-- first\nSELECT 1;", []string{"-- first\nSELECT 1"}},
		{"SELECT 'a';", []string{"SELECT 'a'"}},
	} {
		if got := dialect.Script(c.sql); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.sql, got, c.want)
		}
	}
}
