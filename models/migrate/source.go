package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrNoFiles: there is no folder with migrations, or no migration in it.
var ErrNoFiles = errors.New("no migrations found")

// The dialects as files and folders name them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Folder returns the folder of fsys in which the files for a dialect stand: one of the
// dialect's name where there is one, else the top.
func Folder(fsys fs.FS, dialect string) string {
	if info, err := fs.Stat(fsys, dialect); err == nil && info.IsDir() {
		return dialect
	}
	return "."
}

// Read reads all migrations for a dialect, in the order of their versions. What is no
// .sql file is passed over, except numbered Go files of goose, which can not be run from
// here. A file of another dialect is an error that says what to do. Without any file it
// returns none; Up and its like then answer [ErrNoFiles].
func Read(fsys fs.FS, dialect string) ([]*File, error) {
	dir := Folder(fsys, dialect)
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("migrate: read the migrations: %w", err)
	}
	var files []*File
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if v, err := ParseVersion(e.Name()); path.Ext(e.Name()) == ".go" && err == nil && v > 0 && !strings.HasSuffix(e.Name(), "_test.go") {
			return nil, fmt.Errorf("migrate: %s is a migration in Go, which only the program itself can run: write it as SQL, or run it with goose", name)
		}
		if e.IsDir() || path.Ext(e.Name()) != ".sql" {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("migrate: read the migrations: %w", err)
		}
		f, err := Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		if f.Dialect != "" && f.Dialect != dialect {
			return nil, fmt.Errorf("migrate: %w: %s is written for %s, the database is %s: put the files of each into a folder of its name (%s/ and %s/), or make a %s migration with spillway makemigrations",
				ErrDialect, name, f.Dialect, dialect, SQLite, Postgres, dialect)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *File) int { return int(min(max(a.Version-b.Version, -1), 1)) })
	for i := 1; i < len(files); i++ {
		if files[i].Version == files[i-1].Version {
			return nil, fmt.Errorf("migrate: %s and %s have the same version: give one a later number", files[i-1].Name, files[i].Name)
		}
	}
	return files, nil
}

// ErrDialect: a file was written for another database.
var ErrDialect = errors.New("wrong dialect")
