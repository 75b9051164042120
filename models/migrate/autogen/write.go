package autogen

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
	"github.com/spillwaydb/spillway/models/migrate"
)

// A File is one script of a migration.
type File struct {
	// Path is where it stands, Dialect the database it is for.
	Path    string `json:"path"`
	Dialect string `json:"dialect"`
	// Text is the file.
	Text string `json:"-"`
	// Verified: the script was run up and down on a scratch database, and led both times
	// to exactly where it should.
	Verified bool `json:"verified"`
}

// file makes the script of w.
func (w *work) file(f *folder, v migrate.Version, message string) File {
	dir := f.dir
	if f.split {
		dir = filepath.Join(dir, w.dialect.String())
	}
	var names []string
	for _, m := range w.models {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "-- dialect: %s\n-- tables: %s\n-- message: %s\n--\n", w.dialect, strings.Join(names, ", "), oneLine(message))
	for _, c := range w.changes {
		b.WriteString("-- * " + oneLine(c) + "\n")
	}
	for _, n := range w.notes {
		b.WriteString("-- Note: " + oneLine(n) + "\n")
	}
	b.WriteString("\n-- +goose Up\n")
	writeStatements(&b, w.up)
	b.WriteString("\n-- +goose Down\n")
	writeStatements(&b, w.down)
	return File{Path: filepath.Join(dir, v.FileName(message)), Dialect: w.dialect.String(), Text: b.String(), Verified: w.verified}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// writeStatements writes statements as goose reads them: it ends one at a semicolon at
// the end of a line, and takes what begins with -- for a comment.
func writeStatements(b *strings.Builder, stmts []string) {
	if len(stmts) == 0 {
		stmts = []string{"SELECT 1"} // there is nothing to do on this database
	}
	for _, s := range stmts {
		if strings.Contains(s, ";") || strings.Contains(s, "--") || strings.Contains(s, "\n\n") {
			b.WriteString("-- +goose StatementBegin\n" + s + ";\n-- +goose StatementEnd\n")
		} else {
			b.WriteString(s + ";\n")
		}
	}
}

// write writes scripts and the models they lead to. What was written is taken back when
// a later file can not be.
func (f *folder) write(files []File, models []*schema.Table) (err error) {
	facts, err := schema.Encode(models)
	if err != nil {
		return err
	}
	var made []string
	defer func() {
		if err != nil {
			for _, name := range made {
				_ = os.Remove(name) // the reason is err
			}
		}
	}()
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("autogen: %w", err)
	}
	for _, x := range files {
		if err := os.MkdirAll(filepath.Dir(x.Path), 0o755); err != nil {
			return fmt.Errorf("autogen: %w", err)
		}
		h, err := os.OpenFile(x.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("autogen: %w", err)
		}
		made = append(made, x.Path)
		_, err = h.WriteString(x.Text)
		if cerr := h.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("autogen: write %s: %w", x.Path, err)
		}
	}
	// A file of its own first: a crash must not leave half of the models.
	name := filepath.Join(f.dir, modelsFile)
	if err := os.WriteFile(name+".new", facts, 0o644); err != nil {
		return fmt.Errorf("autogen: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("autogen: %w", err)
	}
	return nil
}

// embedFile makes a package of the folder.
const embedFile = `// Package migrations holds the migrations of the program's database. Give Files to
// spillway.Config.Migrations, and they are applied when the database is opened.
package migrations

import "embed"

// Files are the scripts, embedded into the program.
//
//go:embed *
var Files embed.FS
`

// writeEmbed writes embed.go unless it is there.
func (f *folder) writeEmbed() (string, error) {
	name := filepath.Join(f.dir, "embed.go")
	h, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("autogen: %w", err)
	}
	_, err = h.WriteString(embedFile)
	if cerr := h.Close(); err == nil {
		err = cerr
	}
	return name, err
}

// oldFor are the models from which a plan without a database begins.
func (f *folder) oldFor(d dialect.Dialect) ([]*schema.Table, error) {
	if f.old == nil && len(f.files[d]) > 0 {
		return nil, fmt.Errorf("autogen: %s is missing, which holds the models of the newest migration: bring it back from version control, or give the %s database as Options.DB",
			filepath.Join(f.dir, modelsFile), d)
	}
	if len(f.files[d]) == 0 {
		return nil, nil // the first script of this database makes everything
	}
	return f.old, nil
}
