package models

import "context"

// withinKey finds in a context on whose behalf it runs inside a call of a session.
type withinKey struct{ u *Unit }

// Within returns ctx marked as running inside a call of the unit's session on behalf of
// who, such as the session that Nested hands out. Operations that wait for the pool with
// it count as waiting for the unit's own connection, so that a program that waits for
// itself is told. It is for who runs the session.
func (u *Unit) Within(ctx context.Context, who any) context.Context {
	if u.lease != nil && u.lease.Held() {
		ctx = u.lease.Context(ctx)
	}
	return context.WithValue(ctx, withinKey{u}, who)
}

// Inside returns what ctx was marked with by Within, nil for nothing.
func (u *Unit) Inside(ctx context.Context) any { return ctx.Value(withinKey{u}) }
