package autogen

import "strings"

// words tells the difference to people, one line for each change.
func (d *difference) words() (out []string) {
	for _, t := range d.create {
		out = append(out, "create table "+t.name)
	}
	for _, x := range d.alter {
		out = append(out, x.words()...)
	}
	for _, t := range d.drop {
		out = append(out, "drop table "+t.name)
	}
	return out
}

func (d *delta) words() (out []string) {
	say := func(parts ...string) { out = append(out, strings.Join(parts, "")) }
	t := d.to.name
	for _, p := range d.renamed {
		say("rename ", p[0].word(), " ", p[0].name, " to ", p[1].name, " on ", t)
	}
	for _, c := range d.add {
		say("add column ", t, ".", c.name)
	}
	for _, c := range d.alter {
		say("change column ", t, ".", c.to.name, ": ", c.words())
	}
	for _, c := range d.drop {
		say("drop column ", t, ".", c.name)
	}
	if d.key {
		say("change primary key of ", t, " to ", strings.Join(d.to.key, ", "))
	}
	for _, p := range d.gone {
		if o := d.to.named(p.kind, p.name); o != nil && p.name != "" {
			say("change ", p.word(), " ", p.name, " on ", t)
		} else {
			say("drop ", p.word(), " ", p.label(), " on ", t)
		}
	}
	for _, p := range d.come {
		if o := d.from.named(p.kind, p.name); o == nil {
			say("add ", p.word(), " ", p.label(), " on ", t)
		}
	}
	return out
}

func (p *part) word() string {
	if p.kind == index && p.unique {
		return "unique index"
	}
	return p.kind.String()
}

func (p *part) label() string {
	if p.name == "" {
		return "(" + strings.Join(p.columns, ", ") + ")"
	}
	return p.name
}

func (c columnChange) words() string {
	var out []string
	if c.typ {
		out = append(out, "type "+c.from.typ.text+" to "+c.to.typ.text)
	}
	if c.null {
		if c.to.notNull {
			out = append(out, "not null")
		} else {
			out = append(out, "nullable")
		}
	}
	if c.def {
		switch {
		case c.to.def.text == "":
			out = append(out, "no default")
		default:
			out = append(out, "default "+c.to.def.text)
		}
	}
	if c.gen {
		if c.to.gen.text == "" {
			out = append(out, "a plain column")
		} else {
			out = append(out, "generated as "+c.to.gen.text)
		}
	}
	if c.auto {
		if c.to.auto {
			out = append(out, "values made by the database")
		} else {
			out = append(out, "values no longer made by the database")
		}
	}
	if c.collate {
		out = append(out, "collation "+c.to.collate)
	}
	return strings.Join(out, ", ")
}
