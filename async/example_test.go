package async_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spillwaydb/spillway/async"
)

// load stands for a verb of this package, such as Get: it returns at once.
func load(id int) *async.Future[string] {
	f, settle := async.New[string]()
	if id > 100 {
		settle("", fmt.Errorf("no row %d", id))
	} else {
		settle(fmt.Sprintf("row %d", id), nil)
	}
	return f
}

func ExampleFuture_Await() {
	ctx := context.Background()
	one, two := load(1), load(2) // both are under way
	a, err := one.Await(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := two.Await(ctx)
	fmt.Println(a, b, err)
	// Output: row 1 row 2 <nil>
}

func ExampleFuture_Await_patience() {
	slow, settle := async.New[string]()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := slow.Await(ctx)
	fmt.Println(errors.Is(err, async.ErrPending))

	// Only this waiter has left; the result still comes.
	settle("late", nil)
	v, err := slow.Await(context.Background())
	fmt.Println(v, err)
	// Output:
	// true
	// late <nil>
}

func ExampleFuture_Done() {
	f := load(1)
	select {
	case <-f.Done():
		v, err, _ := f.Poll()
		fmt.Println(v, err)
	case <-time.After(time.Minute):
		fmt.Println("nothing yet")
	}
	// Output: row 1 <nil>
}

func ExampleGather() {
	ctx := context.Background()
	rows, err := async.Gather(load(1), load(2), load(3)).Await(ctx)
	fmt.Println(rows, err)
	_, err = async.Gather(load(1), load(999)).Await(ctx)
	fmt.Println(err)
	// Output:
	// [row 1 row 2 row 3] <nil>
	// no row 999
}

func ExampleGather2() {
	pair, err := async.Gather2(load(1), async.Resolved(42)).Await(context.Background())
	fmt.Println(pair.First, pair.Second, err)
	// Output: row 1 42 <nil>
}

func ExampleSettle() {
	outcomes, _ := async.Settle(load(1), load(999)).Await(context.Background())
	for _, o := range outcomes {
		fmt.Printf("%q, %v\n", o.Value, o.Err)
	}
	// Output:
	// "row 1", <nil>
	// "", no row 999
}

func ExampleAny() {
	v, err := async.Any(load(999), load(2)).Await(context.Background())
	fmt.Println(v, err)
	// Output: row 2 <nil>
}

func ExampleThen() {
	// The second query needs the result of the first.
	f := async.Then(load(1), func(row string) *async.Future[string] {
		return load(len(row))
	})
	v, err := f.Await(context.Background())
	fmt.Println(v, err)
	// Output: row 5 <nil>
}

func ExampleMap() {
	f := async.Map(load(7), func(row string) (int, error) { return len(row), nil })
	n, err := f.Await(context.Background())
	fmt.Println(n, err)
	// Output: 5 <nil>
}

func ExampleCollect() {
	fs := []*async.Future[string]{load(1), load(2), load(999)}
	for row, err := range async.Collect(context.Background(), slices.Values(fs)) {
		fmt.Println(row, err)
	}
	// Output:
	// row 1 <nil>
	// row 2 <nil>
	//  no row 999
}

func ExampleGroup() {
	ctx := context.Background()
	var g async.Group
	for id := range 3 {
		g.Add(load(id))
	}
	g.Add(load(999))
	fmt.Println(g.Close(ctx)) // after it nothing is running
	// Output: no row 999
}

func ExamplePanicError() {
	f := async.Map(load(1), func(row string) (byte, error) { return row[100], nil })
	_, err := f.Await(context.Background())
	var p *async.PanicError
	fmt.Println(errors.As(err, &p), p.Value)
	// Output: true runtime error: index out of range [100] with length 5
}
