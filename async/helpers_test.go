package async_test

import "github.com/spillwaydb/spillway/async"

// stubborn is a future that goes on when it is canceled.
type stubborn struct {
	canceled chan error // the causes
	settle   func(int, error) bool
}

func (s *stubborn) future() *async.Future[int] {
	f, settle := async.NewRunning[int](func(cause error) { s.canceled <- cause })
	s.settle = settle
	return f
}

func (s *stubborn) end() { s.settle(1, nil) }
