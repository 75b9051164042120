package dialect

import "github.com/spillwaydb/spillway/internal/schema"

// Live is live for those who write it themselves.
func Live(s *Source) Node { return live(s) }

// live is the condition that a row of s is not marked as deleted; nil if rows of its
// table can not be.
func live(s *Source) Node {
	if s == nil || s.Table == nil || s.Table.Deleted == nil {
		return nil
	}
	mark := Column{Source: s, Name: s.Table.Deleted.Name}
	if s.Table.Deleted.Type.Kind == schema.Bool {
		return Negation{X: mark}
	}
	return Null{X: mark}
}

// onlyLive adds to conditions that rows of sources are not marked as deleted, unless all
// are wanted.
func onlyLive(where []Node, all bool, sources ...*Source) []Node {
	if all {
		return where
	}
	for _, s := range sources {
		if cond := live(s); cond != nil {
			where = append(where[:len(where):len(where)], cond)
		}
	}
	return where
}
