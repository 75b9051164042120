package models

import "github.com/spillwaydb/spillway/internal/dialect"

// Reads reports whether carrying q out only reads, so that in a session it may run
// beside others of its kind. It is for package async.
func Reads[R any](q Query[R]) bool { return q.q.readsOnly() }

func (q *query) readsOnly() bool {
	return q == nil || q.err != nil || q.kind == selectQuery && q.sel.Lock == dialect.NoLock && !q.populate || q.kind == rawQuery && q.raw.read
}
