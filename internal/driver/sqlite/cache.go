package sqlite

import (
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// longText is the length from which a text is not kept: it is most likely made once.
const longText = 64 << 10

// prepared is a statement with what is known about it.
type prepared struct {
	stmt     *sqlite3.Stmt
	binds    int
	readOnly bool
	columns  []driver.Column
	declared []declared // of each column
	version  int        // how often SQLite had prepared it again when columns were read

	text       string
	prev, next *prepared // neighbours in order of use, if cached
}

// describe reads what a result of the statement looks like.
func (p *prepared) describe() {
	n := p.stmt.ColumnCount()
	p.columns, p.declared = nil, nil // a sink may have kept the old ones
	if n == 0 {
		return
	}
	p.columns, p.declared = make([]driver.Column, n), make([]declared, n)
	for i := range n {
		p.columns[i] = driver.Column{Name: p.stmt.ColumnName(i), Type: p.stmt.ColumnDeclType(i)}
		p.declared[i] = declaredAs(p.columns[i].Type)
	}
}

// refresh describes the statement anew if SQLite prepared it again, as it does when
// the schema has changed. It is called after the first step.
func (p *prepared) refresh() {
	if v := p.stmt.Status(sqlite3.STMTSTATUS_REPREPARE, false); v != p.version {
		p.version = v
		p.describe()
	}
}

// cache keeps the statements used last.
type cache struct {
	max    int
	byText map[string]*prepared
	first  *prepared // used last; its prev is the one to go
}

func newCache(limit int) cache {
	return cache{max: limit, byText: make(map[string]*prepared)}
}

// get returns a kept statement, now the one used last, or nil.
func (c *cache) get(text string) *prepared {
	p := c.byText[text]
	if p != nil && p != c.first {
		c.unlink(p)
		c.link(p)
	}
	return p
}

// put keeps a statement, and drops the one unused for the longest time.
func (c *cache) put(p *prepared) {
	c.byText[p.text] = p
	c.link(p)
	if len(c.byText) > c.max {
		c.drop(c.first.prev)
	}
}

func (c *cache) link(p *prepared) {
	if c.first == nil {
		p.prev, p.next = p, p
	} else {
		p.prev, p.next = c.first.prev, c.first
		p.prev.next, p.next.prev = p, p
	}
	c.first = p
}

func (c *cache) unlink(p *prepared) {
	p.prev.next, p.next.prev = p.next, p.prev
	if c.first == p {
		c.first = p.next
	}
	if c.first == p {
		c.first = nil
	}
	p.prev, p.next = nil, nil
}

func (c *cache) drop(p *prepared) {
	c.unlink(p)
	delete(c.byText, p.text)
	_ = p.stmt.Close() // repeats the error of the last step, which was told
}

func (c *cache) clear() {
	for c.first != nil {
		c.drop(c.first)
	}
}

// statement returns the prepared statement of a text that holds exactly one. kept tells
// whether the cache owns it.
func (c *conn) statement(text string) (p *prepared, kept bool, err error) {
	if p := c.cache.get(text); p != nil {
		return p, true, nil
	}
	var flags sqlite3.PrepareFlag
	kept = len(text) < longText
	if kept {
		flags = sqlite3.PREPARE_PERSISTENT
	}
	p, tail, err := c.prepare(text, flags)
	if err != nil {
		return nil, false, err
	}
	if more, err := c.another(tail); more || err != nil {
		_ = p.stmt.Close() // never stepped: no error to tell
		return nil, false, &driver.Error{
			Kind: driver.ErrSyntax, Message: "the text holds more than one statement",
			Hint: "send each statement on its own", Err: err,
		}
	}
	if kept {
		c.cache.put(p)
	}
	return p, kept, nil
}

// prepare compiles the first statement of a text.
func (c *conn) prepare(text string, flags sqlite3.PrepareFlag) (*prepared, string, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, "", &driver.Error{Kind: driver.ErrSyntax, Message: "the text holds a NUL character"}
	}
	stmt, tail, err := c.raw.PrepareFlags(text, flags)
	if err != nil {
		return nil, "", &prepareError{err}
	}
	if stmt == nil {
		return nil, "", &driver.Error{Kind: driver.ErrSyntax, Message: "the text holds no statement"}
	}
	p := &prepared{stmt: stmt, binds: stmt.BindCount(), readOnly: stmt.ReadOnly(), text: text}
	p.describe()
	return p, tail, nil
}

// another reports whether a tail holds more than white space and comments.
func (c *conn) another(tail string) (bool, error) {
	tail = strings.TrimLeft(tail, " \t\r\n\f;")
	for tail != "" {
		stmt, rest, err := c.raw.Prepare(tail)
		if stmt != nil || err != nil {
			_ = stmt.Close() // never stepped: no error to tell
			return true, err
		}
		if rest == "" || len(rest) >= len(tail) {
			return false, nil
		}
		tail = rest
	}
	return false, nil
}
