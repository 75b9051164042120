package schema

// Order sorts tables so that each comes behind those its foreign keys refer to, and
// otherwise in the order given. Where tables refer to each other in a circle, some keys
// point forward: deferred lists them by table, as indexes into ForeignKeys. A key to
// the own table, or to a table that is not among tables, never counts as a circle.
func Order(tables []*Table) (ordered []*Table, deferred map[*Table][]int) {
	byName := make(map[string]*Table, len(tables))
	for _, t := range tables {
		byName[t.Name] = t
	}
	// Tarjan's algorithm: circles come out as groups, the groups in dependency order.
	var (
		index = make(map[*Table]int, len(tables))
		low   = make(map[*Table]int, len(tables))
		group = make(map[*Table]int, len(tables))
		stack []*Table
		next  = 1
		visit func(t *Table)
	)
	visit = func(t *Table) {
		index[t], low[t] = next, next
		next++
		stack = append(stack, t)
		for _, fk := range t.ForeignKeys {
			ref := byName[fk.RefTable]
			switch {
			case ref == nil:
			case index[ref] == 0:
				visit(ref)
				low[t] = min(low[t], low[ref])
			case group[ref] == 0:
				low[t] = min(low[t], index[ref])
			}
		}
		if low[t] != index[t] {
			return
		}
		at := len(stack) - 1
		for stack[at] != t {
			at--
		}
		members := make(map[*Table]bool, len(stack)-at)
		for _, m := range stack[at:] {
			group[m] = index[t]
			members[m] = true
		}
		stack = stack[:at]
		for _, m := range tables { // inside a circle the given order decides
			if members[m] {
				ordered = append(ordered, m)
			}
		}
	}
	for _, t := range tables {
		if index[t] == 0 {
			visit(t)
		}
	}
	seen := make(map[string]bool, len(ordered))
	for _, t := range ordered {
		seen[t.Name] = true
		for i, fk := range t.ForeignKeys {
			if byName[fk.RefTable] != nil && !seen[fk.RefTable] {
				if deferred == nil {
					deferred = make(map[*Table][]int)
				}
				deferred[t] = append(deferred[t], i)
			}
		}
	}
	return ordered, deferred
}
