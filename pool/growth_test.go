package pool_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

// A burst that is submitted while the only worker has not yet woken up sees an idle
// connection at every submission. That must not keep the pool from growing when the
// worker turns out to be busy for long.
func TestABurstThatMeetsASleepingWorkerMakesThePoolGrow(t *testing.T) {
	const n = 10
	for _, lent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := open(t, slow(10*time.Millisecond), pool.Config{Size: n, Overflow: pool.NoOverflow})
			warm(t, p, 1)
			begin := time.Now()
			done := make(resolved, n)
			ops := make([]*pool.Op, n)
			for i := range ops {
				ops[i] = read(time.Second)
				p.Submit(context.Background(), ops[i], done)
			}
			if lent {
				ops[0].Lend()
			}
			for range n {
				<-done
			}
			if d := time.Since(begin); d > 1500*time.Millisecond {
				t.Errorf("lent %t: %d statements of a second each took %v on a pool of %d connections", lent, n, d, n)
			}
		})
	}
}
