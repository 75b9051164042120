package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// sampleDir writes the sample tree to a directory.
func sampleDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.CopyFS(dir, sample()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runReport runs the demo with --json and reads its report.
func runReport(t *testing.T, url, dir string) Report {
	t.Helper()
	var out bytes.Buffer
	err := Run(t.Context(), Options{URL: url, Source: dir, JSON: true, Stdout: &out, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if d.More() {
		t.Error("more than the report on standard output")
	}
	return r
}

func open(t *testing.T, url string) *spillway.DB {
	t.Helper()
	db, err := spillway.Open(t.Context(), spillway.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// names returns what a file declares, as the database says.
func names(t *testing.T, db *spillway.DB, file string) (names []string) {
	t.Helper()
	rows, err := async.All(t.Context(), db, models.Select1(models.Col(&declT.Name)).Join(fileT).
		Where(models.Eq(&fileT.Path, file)).OrderBy(models.Asc(&declT.Line), models.Asc(&declT.Name))).Await(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRunIndexesATree(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		r := runReport(t, url, sampleDir(t))
		// Packages: a, a_test, b, deep, the vendored x, the root's, and the imported fmt
		// and testing. Imports: fmt counts once for a.go.
		if r.Files != 8 || r.Packages != 8 || r.Declarations != 13 || r.Imports != 5 {
			t.Errorf("%d files, %d packages, %d declarations, %d imports; want 8, 8, 13 and 5", r.Files, r.Packages, r.Declarations, r.Imports)
		}
		if want := uint64(8 + 8 + 13 + 5); r.RowsWritten != want || r.Indexed != 8 || r.Removed != 0 || r.Unchanged != 0 {
			t.Errorf("%d rows written, want %d; %d indexed, %d removed, %d unchanged", r.RowsWritten, want, r.Indexed, r.Removed, r.Unchanged)
		}
		if r.Statements == 0 || r.Commits == 0 || r.Seconds <= 0 || r.Pool.Failed != 0 || r.Pool.Operations == 0 {
			t.Errorf("report %+v", r)
		}
		if len(r.Problems) != 2 || !strings.HasPrefix(r.Problems[0], "b/broken.go: line ") || !strings.HasPrefix(r.Problems[1], "empty.go: line ") {
			t.Errorf("problems %q, want those of broken.go and empty.go", r.Problems)
		}
		if a := r.Answers[3]; a.Question != "Who declares most methods called String" || !slices.Equal(a.Rows, []AnswerRow{{Label: "example.com/tree/a", Value: 1}}) {
			t.Errorf("%q: %v", a.Question, a.Rows)
		}
		if a := r.Answers[2]; len(a.Rows) == 0 || a.Rows[0] != (AnswerRow{Label: "T.String", Note: "a/a.go", Value: 3}) {
			t.Errorf("%q: %v", a.Question, a.Rows)
		}
		db := open(t, url)
		if got, want := names(t, db, "a/a.go"), []string{"One", "Two", "state", "T", "alias2", "String", "get", "F", "init"}; !slices.Equal(got, want) {
			t.Errorf("a.go declares %q, want %q", got, want)
		}
		// The alias of an import is kept, and its package is the vendored one.
		imports, err := async.All(t.Context(), db, models.Select2(models.Col(&packageT.Path), models.Col(&importT.Alias)).Join(importT).
			Join(fileT, models.EqCol(&importT.FileID, &fileT.ID)).Where(models.Eq(&fileT.Path, "a/a.go")).OrderBy(models.Asc(&importT.Line))).Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []models.Row2[string, string]{{A: "fmt"}, {A: "example.com/tree/b", B: "alias"}, {A: "example.com/tree/vendor/dep.example/x", B: "_"}}
		if !slices.Equal(imports, want) {
			t.Errorf("a.go imports %v, want %v", imports, want)
		}
	})
}

func TestASecondRunWritesNothing(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		dir := sampleDir(t)
		first := runReport(t, url, dir)
		second := runReport(t, url, dir)
		if second.RowsWritten != 0 || second.Indexed != 0 || second.Unchanged != 8 {
			t.Errorf("second run: %d rows written, %d files indexed, %d unchanged; want 0, 0 and 8", second.RowsWritten, second.Indexed, second.Unchanged)
		}
		if second.Files != first.Files || second.Declarations != first.Declarations || second.Imports != first.Imports || second.Packages != first.Packages {
			t.Errorf("second run counts %+v, first %+v", second, first)
		}
	})
}

func TestChangedAndRemovedFilesAreIndexedAgain(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		dir := sampleDir(t)
		runReport(t, url, dir)
		write(t, dir, "b/b.go", "package b\n\nfunc Changed() {}\n\nfunc Another() {}\n")
		write(t, dir, "a/new.go", "package a\n\nimport \"os\"\n\nvar New = os.Args\n")
		// Of the same size, but at another time.
		later := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(filepath.Join(dir, "a/a_test.go"), later, later); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "nested")); err != nil {
			t.Fatal(err)
		}
		r := runReport(t, url, dir)
		if r.Indexed != 3 || r.Removed != 1 || r.Unchanged != 5 || r.Files != 8 {
			t.Errorf("%d indexed, %d removed, %d unchanged, %d files; want 3, 1, 5 and 8", r.Indexed, r.Removed, r.Unchanged, r.Files)
		}
		db := open(t, url)
		if got, want := names(t, db, "b/b.go"), []string{"Changed", "Another"}; !slices.Equal(got, want) {
			t.Errorf("b.go declares %q, want %q", got, want)
		}
		paths, err := async.All(t.Context(), db, models.Select1(models.Col(&packageT.Path)).OrderBy(models.Asc(&packageT.Path))).Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(paths, "example.com/other/deep") || !slices.Contains(paths, "os") || !slices.Contains(paths, "fmt") {
			t.Errorf("packages %q: want deep gone, os there and fmt kept", paths)
		}
		if again := runReport(t, url, dir); again.RowsWritten != 0 {
			t.Errorf("the run after it wrote %d rows", again.RowsWritten)
		}
	})
}

// An interrupted run leaves whole files, and the next one adds the rest.
func TestAnInterruptedRunIsContinued(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		std, err := standardLibrary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fsys := os.DirFS(filepath.Join(std, "net"))
		db := open(t, url)
		if err := db.CreateTables(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var p progress
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		failed := make(chan error)
		go func() {
			_, err := index(ctx, db, fsys, &p)
			failed <- err
		}()
		for p.done.Load() == 0 {
			<-tick.C
		}
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("index with a canceled context: %v", err)
		}
		left, err := (&store{db}).count(t.Context()).Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left.Files == 0 || left.Files == p.total.Load() {
			t.Fatalf("%d of %d files are there; want some", left.Files, p.total.Load())
		}
		var rest progress
		o, err := index(t.Context(), db, fsys, &rest)
		if err != nil {
			t.Fatal(err)
		}
		if o.unchanged != int(left.Files) {
			t.Errorf("the second run found %d files unchanged, the first left %d", o.unchanged, left.Files)
		}
		got, err := (&store{db}).count(t.Context()).Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		whole := open(t, testdb.SQLite(t))
		if err := whole.CreateTables(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := index(t.Context(), whole, fsys, &progress{}); err != nil {
			t.Fatal(err)
		}
		want, err := (&store{whole}).count(t.Context()).Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("after two runs %+v, after one %+v", got, want)
		}
	})
}

// An edited is a tree in which a file gets another text once it was read.
type edited struct {
	fstest.MapFS
	read       atomic.Bool
	name, text string
}

func (e *edited) ReadFile(name string) ([]byte, error) {
	if name == e.name && e.read.Swap(true) {
		return []byte(e.text), nil
	}
	return e.MapFS.ReadFile(name)
}

func TestAFileThatIsEditedMeanwhileIsAnError(t *testing.T) {
	for _, text := range []string{"package a\n\nimport \"net/http\"\n", "package b_test\n"} {
		db := open(t, testdb.SQLite(t))
		if err := db.CreateTables(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := "a/new.go"
		if strings.HasPrefix(text, "package b") {
			name = "b/new_test.go"
		}
		tree := &edited{MapFS: sample(), text: text, name: name}
		tree.MapFS[name] = &fstest.MapFile{Data: []byte("package a\n")}
		_, err := index(t.Context(), db, tree, &progress{})
		if err == nil || err.Error() != name+" was changed while it was indexed; run again" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRunPrintsAReport(t *testing.T) {
	var out, errs bytes.Buffer
	err := Run(t.Context(), Options{URL: testdb.SQLite(t), Source: sampleDir(t), Method: "get", Stdout: &out, Stderr: &errs, Report: Terminal{Width: 80}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"8 packages, 8 files, 13 declarations, 5 imports", "Who declares most methods called get", "test.db", "rows written", "commits", "most in use"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the report lacks %q:\n%s", part, &out)
		}
	}
	if errs.Len() != 0 {
		t.Errorf("a run of less than two seconds in a pipe printed %q", &errs)
	}
}

func TestTheDatabaseIsNamedWithoutItsPassword(t *testing.T) {
	url := testdb.Postgres(t)
	if r := runReport(t, url, sampleDir(t)); strings.Contains(r.Database, testdb.Password) || strings.Contains(r.Database, "?") || !strings.HasPrefix(r.Database, "postgres://") || r.Backend != "postgres" {
		t.Errorf("database %q, backend %q", r.Database, r.Backend)
	}
	file := filepath.Join(t.TempDir(), "x.db")
	if r := runReport(t, "sqlite:"+file, sampleDir(t)); filepath.Base(r.Database) != "x.db" || !filepath.IsAbs(r.Database) || r.Backend != "sqlite" {
		t.Errorf("database %q, backend %q", r.Database, r.Backend)
	}
}
