package postgres

import (
	"slices"
	"sync"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A description is what the server said about a statement text: the types of its
// parameters and the columns of its result. It does not change.
type description struct {
	params []uint32
	cols   *columns
}

// columns are the columns of a result, with the format that each is asked for.
type columns struct {
	list    []column
	formats formats
	public  []driver.Column // made when a sink first asks
}

// formats sums up the formats of columns.
type formats uint8

const (
	allText formats = iota
	allBinary
	mixed
)

// asked returns the same columns in the formats in which they are read best.
func (c *columns) asked() *columns {
	a := &columns{list: slices.Clone(c.list), formats: mixed}
	n := 0
	for i := range a.list {
		a.list[i].format = textFormat
		if readsBinary(a.list[i].oid) {
			a.list[i].format = binaryFormat
			n++
		}
	}
	switch n {
	case 0:
		a.formats = allText
	case len(a.list):
		a.formats = allBinary
	}
	a.public = a.describe() // before other connections see it
	return a
}

// astray tells whether a column comes in binary that is not read so.
func (c *columns) astray() bool {
	return slices.ContainsFunc(c.list, func(c column) bool { return c.format == binaryFormat && !readsBinary(c.oid) })
}

// same tells whether two results have the same columns.
func (c *columns) same(d *columns) bool {
	return slices.EqualFunc(c.list, d.list, func(a, b column) bool { return a.name == b.name && a.oid == b.oid })
}

// describe returns the columns as sinks see them.
func (c *columns) describe() []driver.Column {
	if c.public == nil && len(c.list) > 0 {
		public := make([]driver.Column, len(c.list))
		for i := range c.list {
			public[i] = driver.Column{Name: c.list[i].name, Type: typeName(c.list[i].oid)}
		}
		c.public = public
	}
	return c.public
}

// maxDescriptions bounds what a connector remembers.
const maxDescriptions = 4096

// descriptions are shared by all connections of a connector.
type descriptions struct {
	mu    sync.RWMutex
	bySQL map[string]*description
}

func (d *descriptions) get(sql string) *description {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.bySQL[sql]
}

func (d *descriptions) put(sql string, s *description) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bySQL == nil {
		d.bySQL = map[string]*description{}
	}
	if len(d.bySQL) >= maxDescriptions {
		for old := range d.bySQL { // any one: what is in use comes back with its next run
			delete(d.bySQL, old)
			break
		}
	}
	d.bySQL[sql] = s
}

// drop forgets a description that turned out wrong.
func (d *descriptions) drop(sql string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.bySQL, sql)
}

// maxPrepared bounds the prepared statements of one connection.
const maxPrepared = 512

// A prepared is a statement that one connection has under a name, or is about to have.
type prepared struct {
	sql  string
	name string
	desc *description
	// ready is set when the server has confirmed it; until then segment tells which Sync
	// of the current flight it waits for.
	ready   bool
	segment int

	next, prev *prepared
}

// A cache holds the prepared statements of a connection, the one used last in front.
type cache struct {
	bySQL map[string]*prepared
	ring  prepared // its next is the one used last, its prev the one not used longest
}

func (c *cache) clear() {
	c.bySQL = map[string]*prepared{}
	c.ring.next, c.ring.prev = &c.ring, &c.ring
}

// get returns the statement and moves it to the front; nil if there is none.
func (c *cache) get(sql string) *prepared {
	p := c.bySQL[sql]
	if p != nil && c.ring.next != p {
		p.unlink()
		c.link(p)
	}
	return p
}

// add puts a statement in front and returns the one that falls out, if any.
func (c *cache) add(p *prepared) (out *prepared) {
	if len(c.bySQL) >= maxPrepared {
		out = c.ring.prev
		c.remove(out)
	}
	c.bySQL[p.sql] = p
	c.link(p)
	return out
}

// remove tells whether the statement was there.
func (c *cache) remove(p *prepared) bool {
	if c.bySQL[p.sql] != p {
		return false
	}
	delete(c.bySQL, p.sql)
	p.unlink()
	return true
}

func (c *cache) link(p *prepared) {
	p.next, p.prev = c.ring.next, &c.ring
	p.next.prev, c.ring.next = p, p
}

func (p *prepared) unlink() { p.next.prev, p.prev.next = p.prev, p.next }
