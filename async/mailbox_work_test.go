package async

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// workbench is a mailbox whose work the test does by hand.
type workbench struct {
	t   *testing.T
	m   mailbox
	mu  sync.Mutex
	log []string
}

func newWorkbench(t *testing.T) *workbench {
	return &workbench{t: t}
}

// task is work that notes what happens to it.
type task struct {
	b    *workbench
	name string
	job  job
	then func()        // runs in begin
	gate chan struct{} // conclude waits for it
}

func (b *workbench) task(name string, kind jobKind) *task {
	w := &task{b: b, name: name}
	w.job = job{work: w, kind: kind}
	return w
}

func (w *task) note(what string) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.b.log = append(w.b.log, w.name+" "+what)
}

func (b *workbench) noted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.log
	b.log = nil
	return log
}

func (w *task) begin() {
	w.note("begins")
	if w.then != nil {
		w.then()
	}
}

func (w *task) conclude() {
	w.note("is concluded")
	if w.gate != nil {
		<-w.gate
	}
}

func (w *task) refuse(error)    { w.note("is refused") }
func (w *task) stop(error) bool { w.note("is stopped"); return false }

func (b *workbench) want(log ...string) {
	b.t.Helper()
	synctest.Wait()
	if got := b.noted(); !slices.Equal(got, log) {
		b.t.Fatalf("got %q, want %q", got, log)
	}
}

func TestMailboxOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWorkbench(t)
		r1, r2 := b.task("r1", reading), b.task("r2", reading)
		mark, change := b.task("mark", marking), b.task("change", changing)
		late, r3 := b.task("late", marking), b.task("r3", reading)
		for _, w := range []*task{r1, r2, mark, change, late, r3} {
			b.m.submit(&w.job)
		}
		b.want("r1 begins", "r2 begins", "mark begins")
		b.m.ended(&r2.job, false)
		b.want("r2 is concluded")
		b.m.ended(&r1.job, false)
		b.want("r1 is concluded", "change begins")
		b.m.ended(&change.job, false)
		b.want("change is concluded", "late begins", "r3 begins")
		again, r4, gone := b.task("again", changing), b.task("r4", reading), b.task("gone", reading)
		for _, w := range []*task{again, r4, gone} {
			b.m.submit(&w.job)
		}
		b.want()
		b.m.withdraw(&gone.job, context.Canceled)
		b.want("gone is refused")
		b.m.ended(&r3.job, false)
		b.want("r3 is concluded", "again begins")
		b.m.ended(&again.job, false)
		b.want("again is concluded", "r4 begins")
		b.m.ended(&r4.job, false)
		b.want("r4 is concluded")
		if b.m.running {
			t.Error("somebody runs a mailbox in which there is nothing to do")
		}
	})
}

// Whoever submits a call begins it, and does not get caught in the last step of another.
func TestSubmitDoesNotConclude(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWorkbench(t)
		r1, r2, r3 := b.task("r1", reading), b.task("r2", reading), b.task("r3", reading)
		r1.gate = make(chan struct{})
		b.m.submit(&r1.job)
		r2.then = func() { b.m.ended(&r1.job, false) }
		b.m.submit(&r2.job) // returns, although r1's last step does not end
		b.want("r1 begins", "r2 begins", "r1 is concluded")
		b.m.submit(&r3.job) // returns too
		b.want()
		close(r1.gate)
		b.want("r3 begins")
	})
}

// A waiter that lent its goroutine concludes its own call and goes; a goroutine does the
// rest.
func TestLenderConcludesItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWorkbench(t)
		r1, change := b.task("r1", reading), b.task("change", changing)
		b.m.submit(&r1.job)
		b.m.submit(&change.job)
		b.want("r1 begins")
		change.then = func() {
			if slices.Contains(b.noted(), "r1 is concluded") {
				t.Error("the lender went on to the call of another")
			}
		}
		b.m.ended(&r1.job, true)
		if got := b.noted(); len(got) == 0 || got[0] != "r1 is concluded" {
			t.Fatalf("when the lender is back: %q", got)
		}
		synctest.Wait()
	})
}

// watchedContext counts those who watch its end.
type watchedContext struct {
	context.Context
	watchers *int
}

// Value hides what the context is made of, so that it is asked itself.
func (watchedContext) Value(any) any { return nil }

func (c watchedContext) AfterFunc(func()) (stop func() bool) {
	*c.watchers++
	return func() bool { *c.watchers--; return true }
}

// A context that lives long does not collect the calls it was given to.
func TestMailboxLeavesTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		watchers := 0
		b := newWorkbench(t)
		first, second, third := b.task("first", changing), b.task("second", changing), b.task("third", changing)
		for _, w := range []*task{first, second, third} {
			w.job.ctx = watchedContext{ctx, &watchers}
			b.m.submit(&w.job)
		}
		if watchers != 2 {
			t.Fatalf("%d watch the context while 2 calls wait", watchers)
		}
		b.m.withdraw(&third.job, context.Canceled)
		b.m.ended(&first.job, false)
		synctest.Wait()
		if watchers != 0 {
			t.Fatalf("%d still watch the context", watchers)
		}
	})
}
