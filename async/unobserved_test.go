package async_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/async"
)

// TestUnobserved counts, for each way to treat a failed future, whether its error went
// unseen.
func TestUnobserved(t *testing.T) {
	for _, c := range []struct {
		name string
		use  func(context.Context)
		lost int
	}{
		{"forgotten", func(context.Context) { async.Failed[int](errTest) }, 1},
		{"only Done", func(context.Context) { <-async.Failed[int](errTest).Done() }, 1},
		{"Await", func(ctx context.Context) { _, _ = async.Failed[int](errTest).Await(ctx) }, 0},
		{"Poll", func(context.Context) { _, _, _ = async.Failed[int](errTest).Poll() }, 0},
		{"success", func(context.Context) { async.Resolved(1) }, 0},
		{"canceled by whom it concerns", func(context.Context) { f, _ := async.New[int](); f.Cancel(nil) }, 0},
		{"a forgotten chain counts once", func(context.Context) {
			id := func(v int) (int, error) { return v, nil }
			async.Map(async.Map(async.Failed[int](errTest), id), id)
		}, 1},
		{"parts of an awaited Gather", func(ctx context.Context) {
			_ = async.Gather(async.Failed[int](errTest), async.Failed[int](errTest)).Wait(ctx)
		}, 0},
		{"losers of a race", func(ctx context.Context) {
			_ = async.Race(async.Resolved(1), async.Failed[int](errTest)).Wait(ctx)
		}, 0},
		{"a loser that fails later", func(ctx context.Context) {
			f, settle := async.NewRunning[int](func(error) {})
			_ = async.Race(async.Resolved(1), f).Wait(ctx)
			settle(0, errTest)
		}, 0},
		{"a group", func(ctx context.Context) {
			var g async.Group
			g.Add(async.Failed[int](errTest))
			_ = g.Close(ctx)
		}, 0},
		{"the hook sees the error", func(context.Context) { async.Failed[int](errTest) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			heard := make(chan error, 10)
			previous := async.OnUnobserved(func(err error) { heard <- err })
			defer func() { async.OnUnobserved(previous) }()
			before := async.Unobserved()
			c.use(t.Context())
			// A forgotten future of our own shows that the collector has been around.
			mark := errors.New("mark")
			func() { async.Failed[int](mark) }()
			lost, marked := 0, false
			end := time.NewTimer(time.Minute)
			defer end.Stop()
			for cycles := 0; !marked || cycles < 3; cycles++ {
				runtime.GC()
				select {
				case err := <-heard:
					switch err {
					case mark:
						marked = true
					case errTest:
						lost++
					default:
						t.Error(err)
					}
				case <-end.C:
					t.Fatal("the collector never came")
				case <-time.After(time.Millisecond):
				}
			}
			if lost != c.lost {
				t.Errorf("%d errors went unseen, want %d", lost, c.lost)
			}
			if got := async.Unobserved() - before; got != uint64(c.lost)+1 {
				t.Errorf("counted %d, want %d", got, c.lost+1)
			}
		})
	}
}
