package migrate_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spillwaydb/spillway/models/migrate"
)

const sample = `-- dialect: sqlite
-- tables: posts, users
-- message: add the author

-- +goose Up
-- a remark
CREATE TABLE users (
	id integer PRIMARY KEY -- the key;
);

INSERT INTO users (id) VALUES (1); -- a first one
-- +goose StatementBegin
CREATE TRIGGER t AFTER INSERT ON users BEGIN
	SELECT 1;
	SELECT 2;
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE users;
`

func TestParse(t *testing.T) {
	f, err := migrate.Parse("sqlite/20260102150405_add_author.sql", sample)
	if err != nil {
		t.Fatal(err)
	}
	if f.Version != 20260102150405 || f.Dialect != "sqlite" || strings.Join(f.Tables, "+") != "posts+users" ||
		f.Message != "add the author" || f.Name != "20260102150405_add_author.sql" || f.NoTransaction {
		t.Errorf("header: %+v", f)
	}
	var got []string
	for _, s := range f.Up {
		got = append(got, strings.Join(strings.Fields(s.SQL), " "))
	}
	if want := []string{
		"CREATE TABLE users ( id integer PRIMARY KEY -- the key; );",
		"INSERT INTO users (id) VALUES (1); -- a first one",
		"CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; SELECT 2; END;",
	}; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("up:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i, line := range []int{7, 11, 13} {
		if f.Up[i].Line != line {
			t.Errorf("statement %d begins in line %d, want %d", i+1, f.Up[i].Line, line)
		}
	}
	if len(f.Down) != 1 || f.Down[0].SQL != "DROP TABLE users;" || f.Down[0].Line != 20 {
		t.Errorf("down: %+v", f.Down)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"add.sql", sample, "begins with its version"},
		{"1_a.sql", "SELECT 1;\n", "1_a.sql:1"},
		{"1_a.sql", "-- only a remark\n", "+goose Up"},
		{"1_a.sql", "-- +goose Up\nSELECT 1\n", "line 2 does not end"},
		{"1_a.sql", "-- +goose Up\nSELECT 1\n-- +goose Down\n", "line 2 does not end"},
		{"1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "no StatementEnd"},
		{"1_a.sql", "-- +goose Up\n-- +goose StatementEnd\n", "1_a.sql:2"},
		{"1_a.sql", "-- +goose Up\n-- +goose Sideways\n", `"Sideways"`},
		{"1_a.sql", "-- +goose Down\n", "has to follow"},
		{"1_a.sql", "-- +goose Up\n  -- +goose Down\n", "start of its line"},
	} {
		if _, err := migrate.Parse(c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.text, err, c.want)
		}
	}
}

func TestReadTakesTheFolderOfTheDialect(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	up := "-- +goose Up\nSELECT 1;\n"
	fsys := fstest.MapFS{
		"3_c.sql": file(up), "20_b.sql": file(up), "embed.go": file("package migrations"), "README.md": file("x"),
		"postgres/1_p.sql": file("-- dialect: postgres\n" + up),
	}
	for dialect, want := range map[string]string{"sqlite": "3_c.sql 20_b.sql", "postgres": "1_p.sql"} {
		files, err := migrate.Read(fsys, dialect)
		var names []string
		for _, f := range files {
			names = append(names, f.Name)
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %v, %v; want %s", dialect, names, err, want)
		}
	}
	for name, want := range map[string]string{"1_a.sql": "written for sqlite", "4_go.go": "in Go", "3_other.sql": "same version"} {
		bad := fstest.MapFS{"3_c.sql": file(up), name: file("-- dialect: sqlite\n" + up)}
		if name == "3_other.sql" {
			bad[name] = file(up)
		}
		if _, err := migrate.Read(bad, "postgres"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

func TestVersions(t *testing.T) {
	at := time.Date(2026, 1, 2, 16, 4, 5, 0, time.FixedZone("", 3600))
	v := migrate.NewVersion(at, 0)
	if v != 20260102150405 {
		t.Errorf("version %v", v)
	}
	if next := migrate.NewVersion(at, 20260102150459); next != 20260102150500 {
		t.Errorf("behind a file of the same minute: %v", next)
	}
	if next := migrate.NewVersion(at, 99999999999999); next != 100000000000000 {
		t.Errorf("behind a version that is no time: %v", next)
	}
	if name := v.FileName("Add  users' e-mail: ä!"); name != "20260102150405_add_users_e_mail.sql" {
		t.Errorf("file name %s", name)
	}
	for text, want := range map[string]migrate.Version{"20260102150405": v, "20260102150405_x.sql": v, "7.sql": 7, "base": 0, "0": 0} {
		if got, err := migrate.ParseVersion(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := migrate.ParseVersion("head"); err == nil {
		t.Error("head was taken for a version")
	}
}
