//go:build race

package models

import "runtime"

// touch reads what belongs to the session while a flush lasts: so the race detector
// finds a program that changes it meanwhile, also where the flush has nothing to do with
// it.
func (u *Unit) touch() {
	for t, id := range u.ids {
		for _, r := range id.all {
			for _, f := range t.fields {
				runtime.RaceReadRange(f.at(r.obj), int(f.typ.Size()))
			}
		}
	}
}
