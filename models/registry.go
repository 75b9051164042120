package models

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spillwaydb/spillway/internal/schema"
)

// A Registry is a set of registered structs. Most programs need only the default one,
// which [Register] fills; programs with two schemas, and tests, make their own. It is
// safe for concurrent use.
type Registry struct {
	mu     sync.Mutex // held while a struct is added
	tables atomic.Pointer[tables]
	naming Naming // nil for SnakePlural; does not change once there are tables
}

// tables is what a registry holds; it is replaced, never changed.
type tables struct {
	byType map[reflect.Type]*table
	byName map[string]*table
	order  []*table
	hooked bool // some have hooks of writes

	rankOnce sync.Once
	rank     map[*table]int
}

var defaultRegistry = NewRegistry()

// NewRegistry makes an empty registry. Naming is how it names tables; it defaults to
// [SnakePlural], and more than one is a mistake that panics.
func NewRegistry(naming ...Naming) *Registry {
	r := &Registry{}
	if len(naming) > 1 {
		panic("models: NewRegistry takes one Naming")
	}
	if len(naming) == 1 {
		r.naming = naming[0]
	}
	r.tables.Store(&tables{byType: map[reflect.Type]*table{}, byName: map[string]*table{}})
	return r
}

// Default returns the registry that [Register] fills.
func Default() *Registry { return defaultRegistry }

// Register registers T in the default registry and returns its prototype: the address
// of one of its fields names a column in queries. Registering again returns the same
// prototype. Keep it in a package variable, with a name that no local variable is likely
// to have:
//
//	var userT = models.Register[User]()
//
// Register panics when T can not be mapped, like regexp.MustCompile: the message names
// the struct, the field and the tag. [Check] reports the same as an error, and what
// concerns several structs.
func Register[T any]() *T { return RegisterIn[T](defaultRegistry) }

// RegisterIn is [Register] for a registry of one's own.
func RegisterIn[T any](r *Registry) *T { return r.must(reflect.TypeFor[T]()).proto.(*T) }

// must is table for those who panic.
func (r *Registry) must(typ reflect.Type) *table {
	t, err := r.table(typ)
	if err != nil {
		panic(err.Error())
	}
	return t
}

// New returns a new T with the defaults of its tags filled in. (A literal is inserted as
// it stands: its false, 0 and "" are values, not gaps to be filled.) It registers T in
// the default registry if need be, and panics as [Register] does.
//
// Defaults that have to be computed are made by a method SetDefaults: see [Defaulter].
func New[T any]() *T { return NewIn[T](defaultRegistry) }

// Registered returns the types in the default registry in the order of registration.
// With includeEmpty it lists those without columns of their own too (mixins), which have
// no table.
func Registered(includeEmpty bool) []reflect.Type { return defaultRegistry.Registered(includeEmpty) }

// Registered returns the registered types in the order of registration; see the
// function [Registered].
func (r *Registry) Registered(includeEmpty bool) []reflect.Type {
	var out []reflect.Type
	for _, t := range r.tables.Load().order {
		if includeEmpty || !t.mixin {
			out = append(out, t.typ)
		}
	}
	return out
}

// Check reports what is wrong with the registered structs together, all of it: foreign
// keys to tables or columns that do not exist, that are no key, or of another type, and
// relations through association models that are not registered.
func Check(r *Registry) error {
	ts := r.tables.Load()
	var errs []error
	for _, t := range ts.order {
		for _, fk := range t.facts.ForeignKeys {
			if err := ts.checkKey(t, fk); err != nil {
				errs = append(errs, err)
			}
		}
		for _, rel := range t.relations {
			if err := rel.ready(); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (ts *tables) checkKey(t *table, fk schema.ForeignKey) error {
	at := 0
	bad := func(format string, args ...any) error {
		return fmt.Errorf("models: %s (tag fk=%s.%s): %s", t.byName[fk.Columns[at]].path, fk.RefTable, fk.RefColumns[at], fmt.Sprintf(format, args...))
	}
	ref := ts.byName[fk.RefTable]
	if ref == nil {
		return bad("no registered struct has the table %s", fk.RefTable)
	}
	for at = range fk.Columns {
		own, col := t.byName[fk.Columns[at]], ref.byName[fk.RefColumns[at]]
		switch {
		case col == nil:
			return bad("%s has no column %s; it has %s", fk.RefTable, fk.RefColumns[at], ref.sortedNames())
		case own.kind != col.kind:
			return bad("its column is %s, that of %s is %s", own.kind, col.path, col.kind)
		}
	}
	at = 0
	known := sameNames(fk.RefColumns, ref.facts.Key)
	for _, u := range ref.facts.Uniques {
		known = known || sameNames(fk.RefColumns, u.Columns)
	}
	switch {
	case !known && len(fk.RefColumns) > 1:
		return bad("the columns %s of %s are together neither the key nor unique", strings.Join(fk.RefColumns, ", "), fk.RefTable)
	case !known:
		return bad("%s.%s is neither the key nor unique", fk.RefTable, fk.RefColumns[0])
	}
	return nil
}

// sameNames reports whether two lists have the same names in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Tables returns the facts of all tables in dependency order. It is for the packages
// that create and migrate tables; the facts must not be changed.
func Tables(r *Registry) []*schema.Table {
	var all []*schema.Table
	for _, t := range r.tables.Load().order {
		if !t.mixin {
			all = append(all, t.facts)
		}
	}
	ordered, _ := schema.Order(all)
	return ordered
}

// table returns the table of a struct type, which it registers if need be.
func (r *Registry) table(typ reflect.Type) (*table, error) {
	if t := r.tables.Load().byType[typ]; t != nil {
		return t, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.tables.Load()
	if t := old.byType[typ]; t != nil {
		return t, nil
	}
	return r.register(old, typ)
}

// ranks numbers tables such that each comes behind those its foreign keys refer to.
func (r *Registry) ranks() map[*table]int {
	ts := r.tables.Load()
	ts.rankOnce.Do(func() {
		facts := make([]*schema.Table, len(ts.order))
		of := make(map[*schema.Table]*table, len(ts.order))
		for i, t := range ts.order {
			facts[i], of[t.facts] = t.facts, t
		}
		ordered, _ := schema.Order(facts)
		ts.rank = make(map[*table]int, len(ordered))
		for i, f := range ordered {
			ts.rank[of[f]] = i
		}
	})
	return ts.rank
}
