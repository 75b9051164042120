package models

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A database may take texts for equal that are written differently: in a collation of
// Postgres that is not deterministic, in a citext, in SQLite's NOCASE. Its answer to a list
// of keys then has keys that are not in the list, or fewer rows than keys, and which row
// belongs to which key it has to be asked. That costs a trip, which is made only where
// bytes leave something open.

// askSame makes the statement that asks which keys are equal, and reports whether one is
// needed.
func (n *loadNode) askSame() (bool, error) {
	if !n.open() {
		return false, nil
	}
	n.same = &sameKeys{n: n}
	by := n.by()
	w := dialect.NewWriter(n.l.e.dialect)
	defer w.Free()
	w.Select(&dialect.Select{
		Columns: []dialect.Node{dialect.KeyPlace{}, by}, From: by.Source, Deleted: true,
		Joins: []dialect.Join{dialect.JoinKeys(by, n.keys.values[:n.asked])},
	})
	if err := w.Err(); err != nil {
		return false, fmt.Errorf("models: %s: %w", n.rel, err)
	}
	n.st = driver.Statement{SQL: intern(w.Text()), Args: w.Args(), Class: driver.Read, Sink: n.same}
	n.byKey = false
	return true, nil
}

// open reports whether a row came for a key that nobody has, or, where a row is for all
// who name it, none came for one of several keys.
func (n *loadNode) open() bool {
	if n.asked == 0 || n.keys.values[0].Kind() != driver.KindText {
		return false
	}
	if n.keys.len() > n.asked {
		return true
	}
	if n.rel.kind != belongsTo || n.asked == 1 || len(n.rowKeys) == 0 {
		return false
	}
	met := make([]bool, n.asked)
	left := n.asked
	for _, k := range n.rowKeys {
		if k >= 0 && !met[k] {
			met[k] = true
			left--
		}
	}
	return left > 0
}

// sameKeys takes rows of the place of a key that was asked for and a key as it stands in
// the table.
type sameKeys struct {
	n  *loadNode
	of map[int32][]int32 // by the key of a row: those asked for
}

// Begin implements driver.Sink.
func (s *sameKeys) Begin(cols []driver.Column) error {
	s.of = map[int32][]int32{}
	if len(cols) != 2 {
		return fmt.Errorf("models: %s: want the place of a key and the key", s.n.rel)
	}
	return nil
}

// Row implements driver.Sink.
func (s *sameKeys) Row(r driver.Row) error {
	at, err := r.Int64(0)
	if err != nil {
		return err
	}
	v, err := decodeValue(s.n.rowField(), r, 1)
	if err != nil {
		return err
	}
	k := s.n.keys.find(v)
	if k < 0 || at < 0 || at >= int64(s.n.asked) {
		return nil // of a row that came since
	}
	asked := s.of[k]
	for _, a := range asked {
		if a == int32(at) {
			return nil
		}
	}
	s.of[k] = append(asked, int32(at))
	return nil
}

// spread lists each row once for each key asked for that it belongs to: of are the keys of
// the rows, which their objects, nil if these are as many. A row of a collection has one
// owner: the one that it names, if there is one.
func (s *sameKeys) spread(of, which []int32) (keys, objects []int32) {
	for i, k := range of {
		object := int32(i)
		if which != nil {
			object = which[i]
		}
		if k >= 0 && k < int32(s.n.asked) && s.n.rel.kind != belongsTo {
			keys, objects = append(keys, k), append(objects, object)
			continue
		}
		for _, a := range s.of[k] {
			keys, objects = append(keys, a), append(objects, object)
		}
	}
	return keys, objects
}
