package autogen

import (
	"slices"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A difference is what has to happen to a database in one state to be in another.
type difference struct {
	from, to     *state
	create, drop []*table
	alter        []*delta
}

// A delta is what has to happen to one table.
type delta struct {
	from, to  *table
	add, drop []*column
	alter     []columnChange
	key       bool
	gone      []*part
	come      []*part
	renamed   [][2]*part
}

func (d *delta) empty() bool {
	return len(d.add)+len(d.drop)+len(d.alter)+len(d.gone)+len(d.come)+len(d.renamed) == 0 && !d.key
}

// A columnChange says what differs in a column.
type columnChange struct {
	from, to                           *column
	typ, null, def, gen, auto, collate bool
}

// compare finds the difference between two states of one dialect.
func compare(from, to *state) *difference {
	d := &difference{from: from, to: to}
	for _, t := range from.tables {
		other := to.table(t.name)
		if other == nil {
			d.drop = append(d.drop, t)
			continue
		}
		if x := compareTables(from, to, t, other); !x.empty() {
			d.alter = append(d.alter, x)
		}
	}
	for _, t := range to.tables {
		if from.table(t.name) == nil {
			d.create = append(d.create, t)
		}
	}
	return d
}

func compareTables(sf, st *state, from, to *table) *delta {
	d := &delta{from: from, to: to, key: !slices.Equal(from.key, to.key)}
	rough := sf.rough != st.rough
	for _, c := range from.columns {
		other := to.column(c.name)
		if other == nil {
			d.drop = append(d.drop, c)
			continue
		}
		x := columnChange{
			from: c, to: other,
			typ:     c.typ.canon != other.typ.canon,
			null:    c.notNull != other.notNull,
			def:     !sameDefault(c, other, rough),
			gen:     c.gen.canon != other.gen.canon && (!rough || c.gen.text == "" || other.gen.text == "") || c.virtual != other.virtual,
			auto:    c.auto != other.auto,
			collate: c.collate != other.collate && other.collate != "",
		}
		if x.typ || x.null || x.def || x.gen || x.auto || x.collate {
			d.alter = append(d.alter, x)
		}
	}
	for _, c := range to.columns {
		if from.column(c.name) == nil {
			d.add = append(d.add, c)
		}
	}
	d.parts(sf.dialect, rough)
	return d
}

// sameDefault compares defaults. What a sequence or an identity gives is compared as
// auto.
func sameDefault(a, b *column, rough bool) bool {
	if a.auto && b.auto || a.def.canon == b.def.canon {
		return true
	}
	if a.auto != b.auto {
		return (a.auto || a.def.text == "") && (b.auto || b.def.text == "")
	}
	return rough && bare(a.def.text) == bare(b.def.text)
}

// bare is a default without the casts that Postgres puts behind literals.
func bare(def string) string {
	ts := tokens(def)
	for len(ts) > 1 && ts[0].sign("(") && closes(ts, 0) == len(ts)-1 {
		ts = ts[1 : len(ts)-1]
	}
	if cast := slices.IndexFunc(ts, func(t token) bool { return t.sign("::") }); cast > 0 {
		ts = ts[:cast]
	}
	if len(ts) == 1 && ts[0].kind == str { // '-1.5' of a number
		return ts[0].text
	}
	return strings.ReplaceAll(canon(ts), "- ", "-")
}

// parts compares constraints and indexes: first those of one name, then those that say
// the same under another one.
func (d *delta) parts(di dialect.Dialect, rough bool) {
	used := map[*part]bool{}
	var left []*part
	for _, p := range d.from.parts {
		other := d.to.named(p.kind, p.name)
		switch {
		case other == nil || p.name == "" || used[other]:
			left = append(left, p)
		case p.canon == other.canon || rough && p.kind != foreign && p.unique == other.unique:
			used[other] = true
		default: // it may have become the name of something else
			left = append(left, p)
		}
	}
	for _, p := range left {
		at := slices.IndexFunc(d.to.parts, func(o *part) bool { return !used[o] && o.kind == p.kind && o.canon == p.canon })
		if at < 0 {
			d.gone = append(d.gone, p)
			continue
		}
		o := d.to.parts[at]
		switch {
		case p.name == o.name:
		case di == dialect.Postgres:
			d.renamed = append(d.renamed, [2]*part{p, o})
		case p.kind == foreign, p.name == "", o.name == "", p.within, o.within:
			// On SQLite nothing ever shows the name of a foreign key, and a constraint
			// without one says as much.
		default:
			d.gone = append(d.gone, p)
			continue
		}
		used[o] = true
	}
	for _, o := range d.to.parts {
		if !used[o] {
			d.come = append(d.come, o)
		}
	}
}
