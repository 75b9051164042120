package migrate

import (
	"fmt"
	"path"
	"strings"
)

// A File is one migration as read from its file. It does not change.
type File struct {
	Version Version
	// Name is the name of the file within the folder it was read from.
	Name string
	// Message is what the file says that it is about; without a comment "-- message:", the
	// words of its name.
	Message string
	// Dialect is the database it was written for, "sqlite" or "postgres"; empty when the
	// file does not say.
	Dialect string
	// Tables are the tables that the models had when the file was written; nil when the
	// file does not say.
	Tables []string
	// NoTransaction: the file asks to be run without a transaction.
	NoTransaction bool
	// Up and Down are the statements in both directions.
	Up, Down []Statement
	// Text is the whole file.
	Text string
}

// A Statement is one statement of a file.
type Statement struct {
	SQL string
	// Line is where it begins, counted from 1.
	Line int
}

// Parse reads a file. Errors name the file, and the line where there is one.
func Parse(name, text string) (*File, error) {
	f := &File{Name: path.Base(name), Text: text}
	v, err := ParseVersion(f.Name)
	if err != nil || v == Base {
		return nil, fmt.Errorf("migrate: %s: the name of a migration begins with its version, as in %s", name, Version(20260102150405).FileName("add users"))
	}
	f.Version = v
	p := parser{f: f}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(i+1, strings.TrimSuffix(line, "\r")); err != nil {
			return nil, fmt.Errorf("migrate: %s:%d: %w", name, i+1, err)
		}
	}
	if err := p.end(); err != nil {
		return nil, fmt.Errorf("migrate: %s: %w", name, err)
	}
	if f.Message == "" {
		_, words, _ := strings.Cut(strings.TrimSuffix(f.Name, ".sql"), "_")
		f.Message = strings.ReplaceAll(words, "_", " ")
	}
	return f, nil
}

// statements returns those of one direction.
func (f *File) statements(down bool) []Statement {
	if down {
		return f.Down
	}
	return f.Up
}

// parser reads a file line by line. It splits as goose does, which is what runs the file;
// beyond that it knows the lines and the comments at the top.
type parser struct {
	f       *File
	section *[]Statement // Up or Down; nil before
	whole   bool         // between StatementBegin and StatementEnd
	begun   int          // the line of StatementBegin
	from    int          // the line where buf begins
	buf     strings.Builder
}

func (p *parser) line(n int, line string) error {
	trimmed := strings.TrimSpace(line)
	comment := strings.HasPrefix(trimmed, "--")
	if comment && strings.Contains(line, "+goose") {
		return p.annotation(n, line)
	}
	if p.section == nil {
		switch {
		case comment:
			return p.header(strings.TrimSpace(strings.TrimLeft(trimmed, "-")))
		case trimmed != "":
			return fmt.Errorf(`a statement stands before the line "-- +goose Up"`)
		}
		return nil
	}
	if p.buf.Len() == 0 {
		if comment || line == "" {
			return nil
		}
		p.from = n
	}
	if p.from > 0 && strings.TrimSpace(p.buf.String()) == "" && trimmed != "" {
		p.from = n // blank lines came before
	}
	p.buf.WriteString(line + "\n")
	if !p.whole && endsStatement(line) {
		p.store()
	}
	return nil
}

// header reads a comment above the first annotation.
func (p *parser) header(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return nil
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "dialect":
		p.f.Dialect = strings.ToLower(value)
	case "message":
		p.f.Message = value
	case "tables":
		if p.f.Tables == nil {
			p.f.Tables = []string{}
		}
		for t := range strings.SplitSeq(value, ",") {
			if t = strings.TrimSpace(t); t != "" {
				p.f.Tables = append(p.f.Tables, t)
			}
		}
	}
	return nil
}

func (p *parser) annotation(n int, line string) error {
	if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
		return fmt.Errorf("an annotation begins at the start of its line")
	}
	word := strings.TrimSpace(strings.Replace(strings.ReplaceAll(line, "--", ""), "+goose", "", 1))
	switch strings.ToUpper(word) {
	case "UP":
		if p.section != nil {
			return fmt.Errorf(`"-- +goose Up" stands in the file twice, or behind Down`)
		}
		p.section = &p.f.Up
	case "DOWN":
		if p.section != &p.f.Up || p.whole {
			return fmt.Errorf(`"-- +goose Down" has to follow the statements of "-- +goose Up"`)
		}
		if err := p.finished(); err != nil {
			return err
		}
		p.section = &p.f.Down
	case "STATEMENTBEGIN":
		if p.section == nil || p.whole {
			return fmt.Errorf(`"-- +goose StatementBegin" has to stand behind Up or Down, and not twice`)
		}
		p.whole, p.begun = true, n
	case "STATEMENTEND":
		if !p.whole {
			return fmt.Errorf(`"-- +goose StatementEnd" without "-- +goose StatementBegin"`)
		}
		p.store()
		p.whole = false
	case "NO TRANSACTION":
		p.f.NoTransaction = true
	case "ENVSUB ON", "ENVSUB OFF":
		// goose puts environment variables in when the file runs.
	default:
		return fmt.Errorf("unknown annotation %q; there are Up, Down, StatementBegin, StatementEnd and NO TRANSACTION", word)
	}
	return nil
}

func (p *parser) store() {
	text := p.buf.String()
	p.buf.Reset()
	*p.section = append(*p.section, Statement{SQL: strings.TrimSpace(text), Line: max(p.from, p.begun)})
	p.from, p.begun = 0, 0
}

// finished reports a statement that has no end.
func (p *parser) finished() error {
	if strings.TrimSpace(p.buf.String()) != "" {
		return fmt.Errorf("the statement of line %d does not end: put a semicolon at the end of its last line", p.from)
	}
	p.buf.Reset()
	return nil
}

func (p *parser) end() error {
	switch {
	case p.section == nil:
		return fmt.Errorf(`the line "-- +goose Up" is missing`)
	case p.whole:
		return fmt.Errorf(`the "-- +goose StatementBegin" of line %d has no StatementEnd`, p.begun)
	}
	return p.finished()
}

// endsStatement reports whether the last word of the line, not counting a comment, ends
// with a semicolon.
func endsStatement(line string) bool {
	last := ""
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, "--") {
			break
		}
		last = word
	}
	return strings.HasSuffix(last, ";")
}
