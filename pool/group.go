package pool

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/spillwaydb/spillway/internal/driver"
)

// sort puts the writes of a group into the order of table and key, in which every process
// puts them, units of several statements by the first of these: two groups that want the
// same rows then meet at the first of them and do not deadlock. Where a unit has them meet
// otherwise, the lock_timeout parts them. Writes of one key keep the order in which they
// were submitted.
func (r *ride) sort() {
	slices.SortStableFunc(r.members, func(a, b member) int {
		switch {
		case a.state != b.state: // those that are done are in nobody's way at the end
			return cmp.Compare(a.state, b.state)
		case a.state == memberDone:
			return 0
		}
		return cmp.Or(cmp.Compare(a.shape.table(0), b.shape.table(0)), compareKeys(a.key, b.key))
	})
	for i := range r.members {
		m := &r.members[i]
		for j := m.first; m.state == memberWaits && j < m.first+m.n; j++ {
			r.guards[j].member = int32(i)
		}
	}
}

// compareKeys orders keys; which order does not matter, as long as it is everywhere the
// same.
func compareKeys(a, b driver.Value) int {
	if a.Kind() != b.Kind() {
		return cmp.Compare(a.Kind(), b.Kind())
	}
	switch a.Kind() {
	case driver.KindInt64:
		return cmp.Compare(a.Int64(), b.Int64())
	case driver.KindText, driver.KindBytes:
		return bytes.Compare(a.Bytes(), b.Bytes())
	case driver.KindUUID:
		x, y := a.UUID(), b.UUID()
		return bytes.Compare(x[:], y[:])
	case driver.KindTime:
		return a.Time().Compare(b.Time())
	}
	return 0
}
