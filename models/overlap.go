package models

import "github.com/spillwaydb/spillway/internal/dialect"

// Reads reports whether carrying q out only reads, so that in a session it may run
// beside others of its kind. It is for package async.
func Reads[R any](q Query[R]) bool {
	return q.q == nil || q.q.err != nil || q.q.kind == selectQuery && q.q.sel.Lock == dialect.NoLock && !q.q.populate || q.q.kind == rawQuery && q.q.raw.read
}
