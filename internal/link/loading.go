package link

import (
	"context"
	"sync"

	"github.com/spillwaydb/spillway/pool"
)

// A Loading is the load of a relation as an operation: how package async loads what a
// relation field of package models leads to.
type Loading[R any] struct {
	// Err says why the relation can not be loaded; then nothing else is set.
	Err error
	// Host is the session that the object belongs to; nil: none, the load is for Runner.
	Host   Host
	Runner pool.Runner
	// Chain loads the relation, and that of the object's siblings. It is for one use.
	Chain Chain[struct{}]
	// Flights are the loads under way for the object and its siblings, and Key tells
	// which of them this one is.
	Flights *Flights
	Key     any
	// Read reads what was loaded.
	Read func() (R, error)
}

// Flights are loads that are under way, by what they load: values of the package that
// carries them out.
type Flights struct {
	sync.Mutex
	Now map[any]any
}

// A Host carries out chains for a unit of work that it owns: package models asks it to
// load a relation of an object, whatever session the object belongs to.
type Host interface {
	// Carry waits until the unit of work is free, carries c out and returns its result.
	Carry(ctx context.Context, c Chain[struct{}]) error
}
