package autogen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/schema"
)

// answers are what a person decided.
type answers struct {
	renames []string
	fills   fills
	drops   []string
	all     bool // everything may be dropped
}

// newAnswers reads the answers in o for one dialect.
func newAnswers(o *Options, d dialect.Dialect) (*answers, error) {
	a := &answers{renames: o.Rename, drops: o.Drop, all: o.AllowDrop, fills: fills{}}
	for _, f := range o.Fill {
		name, value, ok := strings.Cut(f, "=")
		tn, cn, dot := strings.Cut(name, ".")
		if !ok || !dot || tn == "" || cn == "" {
			return nil, fmt.Errorf("autogen: fill %q: want table.column=value", name)
		}
		text, err := fillText(o.Models, d, tn, cn, value)
		if err != nil {
			return nil, err
		}
		a.fills[name] = text
	}
	return a, nil
}

// fillText is a value of a fill as SQL text.
func fillText(tables []*schema.Table, d dialect.Dialect, tn, cn, value string) (string, error) {
	if expr, ok := strings.CutPrefix(value, "sql:"); ok {
		return "(" + expr + ")", nil
	}
	at := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == tn })
	if at < 0 {
		return "", fmt.Errorf("autogen: fill %s.%s: no model has the table %s", tn, cn, tn)
	}
	c := tables[at].Column(cn)
	if c == nil {
		return "", fmt.Errorf("autogen: fill %s.%s: the model of the table has no column %s", tn, cn, cn)
	}
	bad := fmt.Errorf("autogen: fill %s.%s: the value is no %s (an expression is written sql:…)", tn, cn, c.Type.Kind)
	switch c.Type.Kind {
	case schema.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return "", bad
		}
		value = strconv.FormatBool(b)
	case schema.Int16, schema.Int32, schema.Int64:
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return "", bad
		}
	case schema.Float32, schema.Float64:
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "", bad
		}
	case schema.Time:
		if d == dialect.SQLite && value == "now" {
			return "(strftime('%Y-%m-%d %H:%M:%f000Z', 'now'))", nil
		}
		if value == "now" {
			return "CURRENT_TIMESTAMP", nil
		}
	}
	return d.Literal(schema.Literal{Kind: c.Type.Kind, Text: value}), nil
}

// ask finds what a person has to decide about what vanishes.
func (a *answers) ask(d *difference) (out []Question) {
	for _, t := range d.drop {
		if a.all || slices.Contains(a.drops, t.name) {
			continue
		}
		like := 0
		for _, n := range d.create {
			if alike(t, n) {
				like++
				out = append(out, Question{
					Kind: MayBeRenamed, Table: t.name, To: n.name,
					Text: fmt.Sprintf("no model has the table %s any more, and %s is new and like it: was it renamed?", t.name, n.name),
					Flag: fmt.Sprintf("--rename %s=%s, or --allow-drop", t.name, n.name),
				})
			}
		}
		if like == 0 {
			out = append(out, Question{
				Kind: NeedsConsent, Table: t.name, Flag: "--allow-drop",
				Text: fmt.Sprintf("no model has the table %s any more: drop it, with all its rows?", t.name),
			})
		}
	}
	for _, x := range d.alter {
		for _, c := range x.drop {
			if a.all || c.gen.text != "" || slices.Contains(a.drops, x.to.name+"."+c.name) {
				continue
			}
			like := 0
			for _, n := range x.add {
				if c.typ.canon == n.typ.canon && n.gen.text == "" {
					like++
					out = append(out, Question{
						Kind: MayBeRenamed, Table: x.to.name, Column: c.name, To: n.name,
						Text: fmt.Sprintf("the model of %s has no column %s any more, and %s is new and of the same type: was it renamed?", x.to.name, c.name, n.name),
						Flag: fmt.Sprintf("--rename %s.%s=%s.%s, or --allow-drop", x.to.name, c.name, x.to.name, n.name),
					})
				}
			}
			if like == 0 {
				out = append(out, Question{
					Kind: NeedsConsent, Table: x.to.name, Column: c.name, Flag: "--allow-drop",
					Text: fmt.Sprintf("the model of %s has no column %s any more: drop it, with its values?", x.to.name, c.name),
				})
			}
		}
	}
	return out
}

// alike reports whether two tables have most of their columns in common.
func alike(a, b *table) bool {
	same := 0
	for _, c := range a.columns {
		if o := b.column(c.name); o != nil && o.typ.canon == c.typ.canon {
			same++
		}
	}
	return 2*same > max(len(a.columns), len(b.columns))
}

// lint are remarks about changes that may fail on the rows of a database.
func lint(d *difference) (out []string) {
	for _, x := range d.alter {
		for _, p := range x.come {
			switch {
			case p.kind == unique || p.unique:
				out = append(out, fmt.Sprintf("%s fails if rows of %s have the same values", p.label(), x.to.name))
			case p.kind == check || p.kind == foreign:
				out = append(out, fmt.Sprintf("%s fails if rows of %s do not meet it", p.label(), x.to.name))
			}
		}
		for _, c := range x.alter {
			if c.typ && classOf(c.from.typ) != classOf(c.to.typ) {
				out = append(out, fmt.Sprintf("the values of %s.%s are converted from %s to %s", x.to.name, c.to.name, c.from.typ.text, c.to.typ.text))
			}
		}
		for _, c := range x.drop {
			out = append(out, fmt.Sprintf("the values of %s.%s are lost; the way down brings the column back, not them", x.to.name, c.name))
			if _, ok := fills(nil).fill(d.from.dialect, x.from, c, true); !ok && c.notNull {
				out = append(out, fmt.Sprintf("the way down fails while %s has rows, if there is no good value for %s", x.to.name, c.name))
			}
		}
	}
	for _, t := range d.drop {
		out = append(out, fmt.Sprintf("the rows of %s are lost; the way down brings the table back, not them", t.name))
	}
	return out
}
