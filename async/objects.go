package async

import (
	"context"

	"github.com/spillwaydb/spillway/internal/link"
	"github.com/spillwaydb/spillway/models"
)

// Refresh reads the rows of objects again, or what is named of them, as
// [models.Session.Refresh] does. Until the future settles these objects belong to the
// session.
func (s *Session) Refresh(ctx context.Context, objs ...any) *Future[struct{}] {
	return send(ctx, s, changing, s.unit.Refresh(objs...))
}

// Expire has the rows of objects read again when they are next asked for, as
// [models.Session.Expire] does; without objects, those of all.
func (s *Session) Expire(objs ...any) { s.mark(func() { s.unit.Expire(objs...) }) }

// Expunge takes objects out of the session's care, as [models.Session.Expunge] does. A
// mistake comes out of the next flush.
func (s *Session) Expunge(objs ...any) { s.mark(func() { s.unit.Expunge(objs...) }) }

// New is the objects that the next flush inserts, as [models.Session.New] returns them.
func (s *Session) New(ctx context.Context) *Future[[]any] {
	return send(ctx, s, reading, s.unit.New())
}

// Dirty is the objects that the next flush changes, as [models.Session.Dirty] returns
// them. Until the future settles all objects of the session belong to it.
func (s *Session) Dirty(ctx context.Context) *Future[[]any] {
	return send(ctx, s, changing, s.unit.Dirty())
}

// Deleted is the objects whose rows the next flush deletes, as [models.Session.Deleted]
// returns them.
func (s *Session) Deleted(ctx context.Context) *Future[[]any] {
	return send(ctx, s, reading, s.unit.Deleted())
}

// Contains tells whether the session has the object, as [models.Session.Contains] does.
func (s *Session) Contains(ctx context.Context, x any) *Future[bool] {
	return send(ctx, s, reading, s.unit.Contains(x))
}

// State is what the session knows of an object, as [models.Session.State] returns it.
func (s *Session) State(ctx context.Context, x any) *Future[models.State] {
	return send(ctx, s, reading, s.unit.State(x))
}

// Changes is the fields of an object that differ from its row, as
// [models.Session.Changes] returns them. Until the future settles the object belongs to
// the session.
func (s *Session) Changes(ctx context.Context, x any) *Future[[]models.Change] {
	return send(ctx, s, changing, s.unit.Changes(x))
}

// Merge is [models.Merge] as a future: the session's object that x was copied onto. Until
// it settles x and what its relations lead to belong to the session.
func Merge[T any](ctx context.Context, h Handle, x *T) *Future[*T] {
	return submit(ctx, h, changing, func(t models.Target) link.Chain[*T] { return models.CallMerge(t, x) })
}
