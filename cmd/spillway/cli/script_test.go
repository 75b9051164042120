//go:build unix

package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// Seed rows 51 and 77 to 83: the scripts of testdata/script on both databases, each in a
// module of its own that knows the library from this checkout. SPILLWAY_URL names an empty
// database.
func TestSeed51And77To83(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	var cache []string
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		cache = append(cache, []string{"GOCACHE", "GOMODCACHE", "GOPROXY"}[i]+"="+line)
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: "testdata/script",
				Setup: func(env *testscript.Env) error {
					url := "sqlite:" + filepath.Join(env.WorkDir, "test.db")
					if engine == "postgres" {
						url = testdb.Postgres(t)
					}
					env.Vars = append(env.Vars, cache...)
					env.Vars = append(env.Vars, "SPILLWAY_URL="+url, "TEST_URL="+url, "GOFLAGS=-mod=mod -trimpath", "GOTOOLCHAIN=local")
					return module(root, env.WorkDir)
				},
				Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
					"dbexec":  dbExec,
					"dbquery": dbQuery,
					"go": func(ts *testscript.TestScript, _ bool, args []string) {
						if err := ts.Exec("go", args...); err != nil {
							ts.Fatalf("go: %v", err)
						}
					},
				},
			})
		})
	}
}

// module writes the go.mod and go.sum of a program that uses the library as it is here.
func module(root, dir string) error {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	text := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module app")
	text += fmt.Sprintf("\nrequire github.com/spillwaydb/spillway v0.0.0\n\nreplace github.com/spillwaydb/spillway => %s\n", root)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600)
}

// withDatabase opens the database of a script.
func withDatabase(ts *testscript.TestScript, f func(ctx context.Context, db *spillway.DB)) {
	ctx := context.Background()
	db, err := spillway.Open(ctx, spillway.Config{URL: ts.Getenv("TEST_URL")})
	if err != nil {
		ts.Fatalf("%v", err)
	}
	defer db.Close()
	f(ctx, db)
}

// dbExec runs a statement: dbexec 'SQL'.
func dbExec(ts *testscript.TestScript, _ bool, args []string) {
	withDatabase(ts, func(ctx context.Context, db *spillway.DB) {
		if _, err := db.SQL().ExecContext(ctx, args[0]); err != nil {
			ts.Fatalf("%s: %v", args[0], err)
		}
	})
}

// dbQuery compares the first row of a query, its columns joined by |: dbquery 'SQL' 'row'.
// The row ! stands for an error.
func dbQuery(ts *testscript.TestScript, _ bool, args []string) {
	withDatabase(ts, func(ctx context.Context, db *spillway.DB) {
		rows, err := db.SQL().QueryContext(ctx, args[0])
		if err != nil {
			if args[1] != "!" {
				ts.Fatalf("%s: %v", args[0], err)
			}
			return
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil || !rows.Next() {
			ts.Fatalf("%s: no row: %v, %v", args[0], err, rows.Err())
		}
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			ts.Fatalf("%v", err)
		}
		var parts []string
		for _, v := range values {
			parts = append(parts, fmt.Sprint(v))
		}
		if got := strings.Join(parts, "|"); got != args[1] {
			ts.Fatalf("%s: %s, want %s", args[0], got, args[1])
		}
	})
}
