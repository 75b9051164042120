package async

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/models"
)

// InTx runs fn in a session of its own whose transaction is open from the start, commits
// when fn returns nil, and repeats the whole after serialization failures and deadlocks,
// by the rules of InTx of *spillway.DB. fn runs in a goroutine of its own; what it has
// not awaited when it returns is carried out before the commit. A panic of fn is a
// [PanicError]. h is a *spillway.DB; in a session use [Session.Nested].
func InTx(ctx context.Context, h Handle, o models.TxOptions, fn func(ctx context.Context, s *Session) error) *Future[struct{}] {
	e, s := h.target()
	if s != nil {
		return Failed[struct{}](errors.New("async: InTx is for a *spillway.DB: in a session use Nested"))
	}
	t := &transaction{}
	ctx, t.stop = context.WithCancelCause(ctx)
	t.src = t
	go func() {
		call(func() (struct{}, error) {
			return struct{}{}, models.Repeat(ctx, o, func() error { return attempt(ctx, e, o, fn) })
		}, func(v struct{}, err error) {
			t.stop(nil)
			t.settle(v, err)
		})
	}()
	return &t.Future
}

// attempt is one run of the function of an InTx.
func attempt(ctx context.Context, e *models.Engine, o models.TxOptions, fn func(ctx context.Context, s *Session) error) (err error) {
	s := NewSession(e, "async.InTx", models.DrainTimeout(e))
	s.scope = "InTx"
	defer func() {
		if closing := s.close(); err != nil { // else it is committed
			err = errors.Join(err, closing)
		}
	}()
	if err := s.Begin(ctx, o).Wait(context.Background()); err != nil {
		return err
	}
	if err := fn(s.unit.Within(ctx, s), s); err != nil {
		return err
	}
	return send(ctx, s, changing, s.unit.Commit()).Wait(context.Background())
}

// transaction is the future of an InTx.
type transaction struct {
	Future[struct{}]
	stop context.CancelCauseFunc
}

// cancel implements source: the function learns it by its ctx.
func (t *transaction) cancel(cause error) bool {
	t.stop(cause)
	return false
}

// lend implements source: the function has a goroutine of its own.
func (*transaction) lend(context.Context) {}
