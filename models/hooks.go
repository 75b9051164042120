package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/link"
)

// The hooks of a model are methods of these names; [Register] finds them by their exact
// signatures, and a method of such a name with another one is a mistake.
type (
	// BeforeInserter has a hook before its row is inserted, when defaults and keys of the
	// program are set and those of the database are not.
	BeforeInserter interface {
		BeforeInsert(ctx context.Context) error
	}
	// AfterInserter has a hook after its row was inserted, when its key is filled in.
	AfterInserter interface {
		AfterInsert(ctx context.Context) error
	}
	// BeforeUpdater has a hook before changes are written. What it changes is written too.
	BeforeUpdater interface {
		BeforeUpdate(ctx context.Context) error
	}
	// AfterUpdater has a hook after changes were written.
	AfterUpdater interface {
		AfterUpdate(ctx context.Context) error
	}
	// BeforeDeleter has a hook before its row is deleted, or marked as deleted.
	BeforeDeleter interface {
		BeforeDelete(ctx context.Context) error
	}
	// AfterDeleter has a hook after its row was deleted, or marked as deleted.
	AfterDeleter interface {
		AfterDelete(ctx context.Context) error
	}
	// AfterLoader has a hook after it was read: once its fields, and relations that the
	// query loads, are filled in, before the verb returns; and again when a session has
	// read its row anew. It can not use the session.
	AfterLoader interface {
		AfterLoad(ctx context.Context) error
	}
	// Validator is asked before its row is inserted or changed, behind the other hooks.
	// What it answers is wrapped in [ErrInvalid].
	Validator interface{ Validate() error }
)

// hook is one of the hooks above; they are bits of table.hooks.
type hook uint8

const (
	beforeInsert hook = iota
	beforeUpdate
	beforeDelete
	afterInsert
	afterUpdate
	afterDelete
	afterLoad
	validate
)

var hookKinds = [...]struct {
	name string
	typ  reflect.Type
	call func(x any, ctx context.Context) error //nolint:revive // the receiver goes first
}{
	beforeInsert: {"BeforeInsert", reflect.TypeFor[BeforeInserter](), func(x any, ctx context.Context) error { return x.(BeforeInserter).BeforeInsert(ctx) }},
	beforeUpdate: {"BeforeUpdate", reflect.TypeFor[BeforeUpdater](), func(x any, ctx context.Context) error { return x.(BeforeUpdater).BeforeUpdate(ctx) }},
	beforeDelete: {"BeforeDelete", reflect.TypeFor[BeforeDeleter](), func(x any, ctx context.Context) error { return x.(BeforeDeleter).BeforeDelete(ctx) }},
	afterInsert:  {"AfterInsert", reflect.TypeFor[AfterInserter](), func(x any, ctx context.Context) error { return x.(AfterInserter).AfterInsert(ctx) }},
	afterUpdate:  {"AfterUpdate", reflect.TypeFor[AfterUpdater](), func(x any, ctx context.Context) error { return x.(AfterUpdater).AfterUpdate(ctx) }},
	afterDelete:  {"AfterDelete", reflect.TypeFor[AfterDeleter](), func(x any, ctx context.Context) error { return x.(AfterDeleter).AfterDelete(ctx) }},
	afterLoad:    {"AfterLoad", reflect.TypeFor[AfterLoader](), func(x any, ctx context.Context) error { return x.(AfterLoader).AfterLoad(ctx) }},
	validate:     {"Validate", reflect.TypeFor[Validator](), func(x any, _ context.Context) error { return x.(Validator).Validate() }},
}

// hookSet is a set of hooks.
type hookSet uint16

func (s hookSet) has(h hook) bool { return s&(1<<h) != 0 }

const (
	writeHooks = hookSet(1<<beforeInsert | 1<<beforeUpdate | 1<<beforeDelete | 1<<afterInsert | 1<<afterUpdate | 1<<afterDelete | 1<<validate)
	afterHooks = hookSet(1<<afterInsert | 1<<afterUpdate | 1<<afterDelete)
)

// findHooks finds the hooks of a struct.
func (t *table) findHooks() error {
	typ := reflect.PointerTo(t.typ)
	for h, k := range hookKinds {
		m, ok := typ.MethodByName(k.name)
		switch {
		case !ok:
			continue
		case !typ.Implements(k.typ):
			want, _ := k.typ.MethodByName(k.name)
			have := reflect.New(t.typ).MethodByName(k.name).Type()
			return fmt.Errorf("models: %s.%s is %s and could not be called as a hook: make it %s, or give it another name", t.typ.Name(), m.Name, have, want.Type)
		}
		t.hooks |= 1 << h
	}
	if t.hooks.has(afterLoad) {
		anyOwn.Store(true) // what comes behind reading has to run where user code may
	}
	return nil
}

// A HookError is what a hook of a model answered, or that it panicked. errors.Is finds
// what the hook returned, and [ErrInvalid] if the hook is Validate.
type HookError struct {
	// Model is the struct, such as "app.User", and Hook the method.
	Model, Hook string
	// Err is what the hook returned; nil if it panicked.
	Err error
	// Panic and Stack are those of a panic. They are not part of the text.
	Panic any
	Stack []byte
}

// Error names the hook and the model.
func (e *HookError) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("models: %s of %s panicked", e.Hook, e.Model)
	case e.Hook == hookKinds[validate].name:
		return fmt.Sprintf("models: this %s is not valid: %v", e.Model, e.Err)
	}
	return fmt.Sprintf("models: %s of %s: %v", e.Hook, e.Model, e.Err)
}

// Unwrap returns what the hook returned.
func (e *HookError) Unwrap() error { return e.Err }

// Is matches [ErrInvalid].
func (e *HookError) Is(target error) bool {
	return target == ErrInvalid && e.Hook == hookKinds[validate].name
}

// call calls a hook of an object, if it has it.
func (t *table) call(ctx context.Context, h hook, obj unsafe.Pointer) (err error) {
	if !t.hooks.has(h) {
		return nil
	}
	k := &hookKinds[h]
	defer func() {
		if p := recover(); p != nil {
			err = &HookError{Model: t.facts.Model, Hook: k.name, Panic: p, Stack: debug.Stack()}
		}
	}()
	if err := k.call(reflect.NewAt(t.typ, obj).Interface(), ctx); err != nil {
		return &HookError{Model: t.facts.Model, Hook: k.name, Err: err}
	}
	return nil
}

// before calls what comes before a write.
func (t *table) before(ctx context.Context, h hook, obj unsafe.Pointer) error {
	if err := t.call(ctx, h, obj); err != nil || h == beforeDelete {
		return err
	}
	return t.call(ctx, validate, obj)
}

// HookSession returns the session in whose flush a hook runs, given the ctx of the hook:
// with it the hook can query, add and change within the same transaction. What it adds or
// changes is flushed before the flush ends. The session itself answers [ErrSessionBusy] to
// that ctx, and the one returned here is closed when the hook returns. It is a blocking
// one in the flush of an async session too.
//
// It is nil outside of a flush: in AfterLoad, and where [Create] works on the database
// itself.
func HookSession(ctx context.Context) *Session {
	s, _ := ctx.Value(hookSessionKey{}).(*Session)
	if s == nil || s.over.Load() || s.scope != scopeHook {
		return nil
	}
	return s
}

type hookSessionKey struct{}

// The scopes of sessions that hooks get.
const (
	scopeHook = "hook"
	scopeLoad = "AfterLoad"
)

var errInLoad = fmt.Errorf("%w: AfterLoad can not use the session that is reading", ErrSessionBusy)

// lend makes the session that hooks use, and the ctx by which calls of theirs are
// recognised. end ends both.
func (u *Unit) lend(ctx context.Context, scope string) (_ context.Context, end func()) {
	inner := &Session{unit: u, lock: make(chan struct{}, 1), parent: u.by, scope: scope}
	inner.lock <- struct{}{}
	outer := u.by
	if outer != nil { // what has no ctx waits for the end
		outer.mu.Lock()
		outer.inner = inner
		outer.mu.Unlock()
	}
	ctx = context.WithValue(u.Within(ctx, inner), hookSessionKey{}, inner)
	return ctx, func() {
		inner.end()
		u.by = outer
		if outer != nil {
			outer.outer()
		}
	}
}

// InHook reports whether ctx is that of a hook which runs inside a call of the unit's
// session. It is for package async.
func (u *Unit) InHook(ctx context.Context) bool {
	s, ok := u.Inside(ctx).(*Session)
	return ok && (s.scope == scopeHook || s.scope == scopeLoad) && !s.over.Load()
}

var errManyHooks = errors.New("models: hooks keep changing objects, so the flush would never end")

// maxHookRounds is how often hooks may give a flush new work.
const maxHookRounds = 100

// An arrival is an object that was read and waits for its hook.
type arrival struct {
	t   *table
	obj unsafe.Pointer
}

// greet calls AfterLoad of objects.
func greet(ctx context.Context, u *Unit, as []arrival) (err error) {
	if len(as) == 0 {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if u != nil {
		var end func()
		ctx, end = u.lend(ctx, scopeLoad)
		defer end()
	}
	for _, a := range as {
		if err := a.t.call(ctx, afterLoad, a.obj); err != nil {
			return err
		}
	}
	return nil
}

// arrive notes that an object was read.
func (u *Unit) arrive(t *table, obj unsafe.Pointer) {
	if t.hooks.has(afterLoad) {
		u.arrived = append(u.arrived, arrival{t, obj})
	}
}

// strangers are the objects read since the last call: of those given the ones that the
// unit does not know, and its own.
func (u *Unit) strangers(read []arrival) (out []arrival) {
	if u == nil || u.owner.closed.Load() {
		return read
	}
	for _, a := range read {
		if u.identityOf(a.t).at(a.t, a.obj) == nil {
			out = append(out, a)
		}
	}
	out = append(out, u.arrived...)
	u.arrived = nil
	return out
}

// CarryInHook carries a chain out for a hook, given its ctx. It is for package async.
func (u *Unit) CarryInHook(ctx context.Context, c link.Chain[struct{}]) error {
	s, ok := u.Inside(ctx).(*Session)
	if !ok {
		return ErrSessionBusy
	}
	t, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	_, err = do(ctx, t, c)
	return err
}
