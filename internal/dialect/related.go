package dialect

import "strings"

// A Related asks for the rows that a relation leads to from a row of Of: whether there is
// one, or with Count how many there are.
type Related struct {
	Of, Target *Source
	// Path finds the columns; a table between may be known only when the statement is
	// written.
	Path  func() (Path, error)
	Where []Node // conditions about Target
	Count bool
}

// A Path is how a relation leads from one table to another.
type Path struct {
	Near, Far string // columns of the two
	// Via is the table between, nil for none: its columns Own and Other refer to Near and
	// Far.
	Via        *Source
	Own, Other string
}

func (n Related) write(w *Writer) {
	p, err := n.Path()
	if err != nil {
		w.fail("%s", strings.TrimPrefix(err.Error(), "models: "))
		return
	}
	w.related++
	to := n.Target.Further("in", w.related)
	near, far := Column{n.Of, p.Near}, Column{to, p.Far}
	sel := &Select{Columns: []Node{Call{Name: "COUNT", Args: []Node{Star{}}}}, From: to}
	if p.Via == nil {
		sel.Where = []Node{Compare{far, "=", near}}
	} else {
		via := p.Via.Further("via_in", w.related)
		sel.From = via
		sel.Joins = []Join{{Source: to, On: Compare{far, "=", Column{via, p.Other}}}}
		sel.Where = []Node{Compare{Column{via, p.Own}, "=", near}}
	}
	for _, c := range n.Where {
		sel.Where = append(sel.Where, Rebase{c, n.Target, to})
	}
	if n.Count {
		Scalar{sel}.write(w)
	} else {
		ExistsIn{sel}.write(w)
	}
	w.related--
}
