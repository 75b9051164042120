package models

// DistinctOn keeps the first row of those that are alike in keys, addresses of columns
// or expressions. OrderBy, which begins with the same keys, says which one that is. Only
// Postgres knows it; on SQLite the query is an error: number the rows with [RowNumber].
func (q Query[R]) DistinctOn(keys ...any) Query[R] { return Query[R]{q: q.q.distinctOn(keys)} }

//go:noinline
func (q *query) distinctOn(keys []any) *query {
	return q.with(func(n *query) error {
		if err := n.only("DistinctOn", selectQuery); err != nil {
			return err
		}
		for _, k := range keys {
			node, err := nodeOf(k)
			if err != nil {
				return err
			}
			n.sel.DistinctOn = append(clip(n.sel.DistinctOn), node)
		}
		return nil
	})
}
