package dialect

// A Lock says how a SELECT locks the rows that it returns.
type Lock uint8

// The locks.
const (
	NoLock Lock = iota
	ForUpdate
	ForShare
)

// A Wait says what a lock does about rows that somebody else has locked.
type Wait uint8

// What a lock can do.
const (
	WaitForLock Wait = iota // wait for them
	SkipLocked
	NoWait
)

// lock writes the lock of s. SQLite has no locks of rows: whoever may write has them
// all, so all that is left there is to be the writer.
func (w *Writer) lock(s *Select) {
	if s.Lock == NoLock {
		return
	}
	if s.Distinct || len(s.DistinctOn) > 0 || len(s.GroupBy) > 0 || len(s.Having) > 0 || len(s.Parts) > 0 {
		w.fail("ForUpdate and ForShare need rows of tables: Distinct, GroupBy, Having and Union do not leave them")
	}
	if w.d == SQLite {
		if s.Wait == NoWait {
			w.fail("sqlite has no NOWAIT, since it locks the database and not rows: set a deadline on the context instead")
		}
		return
	}
	if s.Lock == ForUpdate {
		w.str(" FOR UPDATE")
	} else {
		w.str(" FOR SHARE")
	}
	// The nullable side of an outer join can not be locked, so the lock names its tables.
	if s.From != nil {
		w.str(" OF ")
		w.name(s.From.As)
		for i := range s.Joins {
			if j := &s.Joins[i]; !j.Left && j.Body == nil {
				w.str(", ")
				w.name(j.Source.As)
			}
		}
	}
	switch s.Wait {
	case SkipLocked:
		w.str(" SKIP LOCKED")
	case NoWait:
		w.str(" NOWAIT")
	}
}
