package async_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/async"
)

func panicsWith(v any) (int, error) { panic(v) }

func TestUserCodeThatDoesNotReturn(t *testing.T) {
	var none []int
	for _, c := range []struct {
		name  string
		fn    func() (int, error)
		check func(error) bool
	}{
		{"text", func() (int, error) { return panicsWith("boom") }, func(err error) bool {
			var p *async.PanicError
			return errors.As(err, &p) && p.Value == "boom" && strings.Contains(err.Error(), "boom") &&
				strings.Contains(string(p.Stack), "panicsWith")
		}},
		{"error", func() (int, error) { return panicsWith(errTest) }, func(err error) bool {
			var p *async.PanicError
			return errors.As(err, &p) && errors.Is(err, errTest)
		}},
		{"nil", func() (int, error) { return panicsWith(nil) }, func(err error) bool {
			var p *runtime.PanicNilError
			return errors.As(err, &p)
		}},
		{"runtime", func() (int, error) { return none[3], nil }, func(err error) bool {
			var p runtime.Error
			return errors.As(err, &p)
		}},
		{"Goexit", func() (int, error) { runtime.Goexit(); return 1, nil }, func(err error) bool {
			return errors.Is(err, async.ErrGoexit)
		}},
		{"Goexit while panicking", func() (int, error) {
			defer runtime.Goexit()
			return panicsWith("boom")
		}, func(err error) bool { return errors.Is(err, async.ErrGoexit) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mapped := async.Map(async.Resolved(0), func(int) (int, error) { return c.fn() })
			if v, err := mapped.Await(t.Context()); v != 0 || !c.check(err) {
				t.Errorf("Map: %v, %v", v, err)
			}
			then := async.Then(async.Resolved(0), func(int) *async.Future[int] {
				v, _ := c.fn()
				return async.Resolved(v)
			})
			if v, err := then.Await(t.Context()); v != 0 || !c.check(err) {
				t.Errorf("Then: %v, %v", v, err)
			}
			// The future made of it is told like of any other error.
			if err := async.Gather(mapped, async.Resolved(1)).Wait(t.Context()); !c.check(err) {
				t.Errorf("Gather: %v", err)
			}
		})
	}
}
