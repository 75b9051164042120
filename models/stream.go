package models

import (
	"context"
	"fmt"

	"github.com/spillwaydb/spillway/internal/link"
)

// A Stream is an [Each] chunk by chunk, for package async. A chunk is read by CallNext or
// Next, and what came goes to Took before the next one is asked for. A Stream is for one
// goroutine at a time.
type Stream[R any] struct{ s *stream }

// StreamOf begins the Each of q. It needs a Close.
func StreamOf[R any](q Query[R]) (*Stream[R], error) {
	s, err := newStream(nil, q.q)
	if err != nil {
		return nil, err
	}
	return &Stream[R]{s}, nil
}

// Done reports whether there are no further chunks.
func (s *Stream[R]) Done() bool { return s.s.done }

// Keyed reports why each chunk can not be a query of its own, that begins behind the last
// row; nil: it can.
func (s *Stream[R]) Keyed() error {
	if s.s.keys != nil {
		return nil
	}
	return fmt.Errorf("models: Each: %w", s.s.way.why)
}

// CallNext compiles the reading of the next chunk of a stream whose Keyed is nil.
func (s *Stream[R]) CallNext(t Target) link.Chain[[]R] {
	return chainOf[[]R](askRows(t, s.s.chunk(), wantAll))
}

// Took notes how many rows a chunk had.
func (s *Stream[R]) Took(rows int) { s.s.count(rows) }

// Next reads the next chunk of any stream, in the calling goroutine.
func (s *Stream[R]) Next(ctx context.Context, h Handle) ([]R, error) {
	s.s.h = h
	rows, err := s.s.next(ctx)
	if err != nil {
		return nil, err
	}
	return rowsAt[R](rows), nil
}

// Close gives the connection back if the stream has one.
func (s *Stream[R]) Close(ctx context.Context) { s.s.close(ctx) }
