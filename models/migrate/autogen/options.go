package autogen

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
)

// Options say for what a migration is written. The zero value of each field is its
// default.
type Options struct {
	// Models are the tables as they should be. Defaults to those of all structs that are
	// registered in the default registry; [ModelsOf] and [DecodeModels] give others.
	Models []*schema.Table
	// DB is the database that the models are compared with; a *spillway.DB is one.
	// Defaults to none: then they are compared with those of the newest migration, which
	// models.json in Dir holds.
	DB Database
	// Dialects are the databases for which scripts are written: "sqlite", "postgres". With
	// two of them each has a folder of its name in Dir. Defaults to those for which there
	// are scripts in Dir, else to that of DB.
	Dialects []string
	// Dir is the folder of the migrations. Defaults to "migrations".
	Dir string
	// Message says in a few words what the migration is about; it becomes part of the
	// file's name. Defaults to the first change.
	Message string
	// Rename lists what was renamed: "old=new" for a table, "table.old=table.new" for a
	// column.
	Rename []string
	// AllowDrop consents to every loss of columns and tables, Drop to those it names
	// ("table", "table.column").
	AllowDrop bool
	Drop      []string
	// Fill gives the rows that exist a value in a new column, as "table.column=value".
	// "now" is the time at which the migration runs; "sql:" in front of an expression
	// computes the value.
	Fill []string
	// Now is when the migration is written; it becomes its version. Defaults to the
	// present.
	Now time.Time
}

// ModelsOf returns the tables of a registry, for [Options].Models.
func ModelsOf(r *models.Registry) []*schema.Table { return models.Tables(r) }

// EncodeModels writes tables as JSON, the form of models.json, and DecodeModels reads it.
// The command gets them in this way from the program that declares the models.
func EncodeModels(tables []*schema.Table) ([]byte, error) { return schema.Encode(tables) }

// DecodeModels reads what [EncodeModels] wrote, also with an older version of this
// package.
func DecodeModels(b []byte) ([]*schema.Table, error) { return schema.Decode(b) }

// modelsFile holds the models of the newest migration.
const modelsFile = "models.json"

// folder is what the folder of the migrations holds.
type folder struct {
	dir   string
	split bool // a folder for each dialect
	files map[dialect.Dialect][]*migrate.File
	old   []*schema.Table // nil: models.json is not there
}

// prepare fills in defaults and looks into the folder.
func (o *Options) prepare() (*folder, []dialect.Dialect, error) {
	if o.Models == nil {
		if err := models.Check(models.Default()); err != nil {
			return nil, nil, err
		}
		o.Models = models.Tables(models.Default())
	}
	if o.Dir == "" {
		o.Dir = "migrations"
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	f, err := readFolder(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	ds, err := o.dialects(f)
	if err != nil {
		return nil, nil, err
	}
	f.split = f.split || len(ds) > 1
	return f, ds, nil
}

// dialects are those to write for; that of the database comes first.
func (o *Options) dialects(f *folder) (out []dialect.Dialect, err error) {
	add := func(name string) error {
		d, ok := dialect.ByName(name)
		if !ok {
			return fmt.Errorf("autogen: no database is called %q: there are sqlite and postgres", name)
		}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
		return nil
	}
	if o.DB != nil {
		if err := add(o.DB.Stats().Backend); err != nil {
			return nil, err
		}
	}
	for _, name := range o.Dialects {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	if len(o.Dialects) == 0 {
		for d := range dialect.Dialect(dialect.Count) {
			if len(f.files[d]) > 0 {
				_ = add(d.String()) // its name is known
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("autogen: for which database? Give Options.DB, or Options.Dialects (sqlite, postgres)")
	}
	for d := range dialect.Dialect(dialect.Count) {
		if len(f.files[d]) > 0 && !f.split && (len(out) > 1 || out[0] != d) {
			return nil, fmt.Errorf("autogen: the migrations in %s are written for %s alone; to go on with another database, move them into %s and write its own first migration with Init",
				f.dir, d, filepath.Join(f.dir, d.String()))
		}
	}
	return out, nil
}

func readFolder(dir string) (*folder, error) {
	f := &folder{dir: dir, files: map[dialect.Dialect][]*migrate.File{}}
	fsys := os.DirFS(dir)
	for d := range dialect.Dialect(dialect.Count) {
		if info, err := os.Stat(filepath.Join(dir, d.String())); err == nil && info.IsDir() {
			f.split = true
		}
	}
	for d := range dialect.Dialect(dialect.Count) {
		if f.split && migrate.Folder(fsys, d.String()) == "." {
			continue
		}
		files, err := migrate.Read(fsys, d.String())
		if errors.Is(err, migrate.ErrDialect) {
			continue // the other one's
		}
		if err != nil {
			return nil, err
		}
		f.files[d] = files
	}
	b, err := os.ReadFile(filepath.Join(dir, modelsFile))
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		f.old, err = schema.Decode(b)
	}
	if err != nil {
		return nil, fmt.Errorf("autogen: %s: %w", filepath.Join(dir, modelsFile), err)
	}
	if f.old == nil {
		f.old = []*schema.Table{}
	}
	return f, nil
}

// last is the newest version of all files.
func (f *folder) last() (v migrate.Version) {
	for _, files := range f.files {
		if n := len(files); n > 0 {
			v = max(v, files[n-1].Version)
		}
	}
	return v
}

// managed are the tables that had a model when the newest file was written.
func (f *folder) managed(d dialect.Dialect) (out []string) {
	files := f.files[d]
	for i := len(files) - 1; i >= 0; i-- {
		if files[i].Tables != nil {
			return files[i].Tables
		}
	}
	for _, t := range f.old {
		out = append(out, t.Name)
	}
	return out
}
