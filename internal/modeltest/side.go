package modeltest

import (
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// A side is a database and the way to work on it: blocking, or by futures that are
// awaited at once.
type side struct {
	*testing.T
	db    *spillway.DB
	async bool
}

// A session is a session of one of the two kinds; with neither set, verbs work on the
// database itself.
type session struct {
	side
	blocking *models.Session
	futures  *async.Session
}

func (s side) session() *session {
	if s.async {
		as := s.db.AsyncSession()
		s.Cleanup(func() {
			if err := as.Close(); err != nil {
				s.Error(err)
			}
		})
		return &session{side: s, futures: as}
	}
	bs := s.db.Session()
	s.Cleanup(bs.Close)
	return &session{side: s, blocking: bs}
}

// direct works on the database itself.
func (s side) direct() *session { return &session{side: s} }

func (s *session) close() error {
	if s.futures != nil {
		return s.futures.Close()
	}
	s.blocking.Close()
	return nil
}

func (s *session) add(objs ...any) {
	if s.futures != nil {
		s.futures.Add(objs...)
	} else {
		s.blocking.Add(objs...)
	}
}

func (s *session) delete(objs ...any) {
	if s.futures != nil {
		s.futures.Delete(objs...)
	} else {
		s.blocking.Delete(objs...)
	}
}

func (s *session) flush() error {
	if s.futures != nil {
		return s.futures.Flush(s.Context()).Wait(s.Context())
	}
	return s.blocking.Flush(s.Context())
}

func (s *session) commit() error {
	if s.futures != nil {
		return s.futures.Commit(s.Context()).Wait(s.Context())
	}
	return s.blocking.Commit(s.Context())
}

func (s *session) rollback() error {
	if s.futures != nil {
		return s.futures.Rollback(s.Context()).Wait(s.Context())
	}
	return s.blocking.Rollback(s.Context())
}

// must ends the test on an error.
func (s side) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// handle is what blocking verbs work on.
func (s *session) handle() models.Handle {
	if s.blocking != nil {
		return s.blocking
	}
	return s.db
}

// target is what futures work on.
func (s *session) target() async.Handle {
	if s.futures != nil {
		return s.futures
	}
	return s.db
}

func all[R any](s *session, q models.Query[R]) ([]R, error) {
	if s.async {
		return async.All(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.All(s.Context(), s.handle(), q)
}

func first[R any](s *session, q models.Query[R]) (R, error) {
	if s.async {
		return async.First(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.First(s.Context(), s.handle(), q)
}

func one[R any](s *session, q models.Query[R]) (R, error) {
	if s.async {
		return async.One(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.One(s.Context(), s.handle(), q)
}

func count[R any](s *session, q models.Query[R]) (int64, error) {
	if s.async {
		return async.Count(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.Count(s.Context(), s.handle(), q)
}

func exists[R any](s *session, q models.Query[R]) (bool, error) {
	if s.async {
		return async.Exists(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.Exists(s.Context(), s.handle(), q)
}

func exec[R any](s *session, q models.Query[R]) (int64, error) {
	if s.async {
		return async.Exec(s.Context(), s.target(), q).Await(s.Context())
	}
	return models.Exec(s.Context(), s.handle(), q)
}

func get[T any](s *session, key any) (*T, error) {
	if s.async {
		return async.Get[T](s.Context(), s.target(), key).Await(s.Context())
	}
	return models.Get[T](s.Context(), s.handle(), key)
}

func create[T any](s *session, x *T) error {
	if s.async {
		return async.Create(s.Context(), s.target(), x).Wait(s.Context())
	}
	return models.Create(s.Context(), s.handle(), x)
}
