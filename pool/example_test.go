package pool_test

import (
	"context"
	"fmt"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

// A pool's statistics are a snapshot; distributions answer quantiles.
func ExamplePool_Stats() {
	p, err := pool.New(slow(0), pool.Config{Size: 2, Overflow: pool.NoOverflow})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(context.Background())
	_ = p.Do(context.Background(), read(time.Millisecond))
	s := p.Stats()
	fmt.Println(s.Size, s.Overflow, s.OK, s.Execution.Quantile(0.5) >= time.Millisecond/2)
	// Output: 2 0 1 true
}

// Settings that make no sense are refused by name.
func ExampleConfig_Validate() {
	fmt.Println(pool.Config{Timeout: -time.Second}.Validate())
	// Output: pool: Timeout is -1s: want more than 0, 0 for the default, NoWait or Never
}
