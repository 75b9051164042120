package async_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/backend"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// openLibrary stands for spillway.Open and AsyncSession of what it returns.
func openLibrary(ctx context.Context) (s *async.Session, closeAll func(), err error) {
	dir, err := os.MkdirTemp("", "library")
	if err != nil {
		return nil, nil, err
	}
	c, _, err := backend.Open("sqlite:" + filepath.ToSlash(filepath.Join(dir, "library.db")))
	if err != nil {
		return nil, nil, err
	}
	p, err := pool.New(c, pool.Config{})
	if err != nil {
		return nil, nil, err
	}
	e, err := models.NewEngine(p, library)
	if err != nil {
		return nil, nil, err
	}
	return async.NewSession(e, "example", time.Second), func() {
		_ = p.Close(ctx)
		_ = os.RemoveAll(dir)
	}, models.CreateTables(ctx, e)
}

func ExampleSession() {
	ctx := context.Background()
	as, closeAll, err := openLibrary(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	defer as.Close() // what was not committed is rolled back

	ada := &Author{Name: "Ada"}
	as.Add(ada)
	as.Flush(ctx) // nobody has to wait for the sake of order
	authors := async.All(ctx, as, models.From(authorT))
	total := async.Count(ctx, as, models.From(authorT))
	commit := as.Commit(ctx)

	list, err := authors.Await(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(list[0] == ada, ada.ID)
	n, err := total.Await(ctx)
	fmt.Println(n, err)
	fmt.Println(commit.Wait(ctx))
	// Output:
	// true 1
	// 1 <nil>
	// <nil>
}

func ExampleEach() {
	ctx := context.Background()
	as, closeAll, err := openLibrary(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	defer as.Close()
	as.Add(&Author{Name: "ada"}, &Author{Name: "bob"}, &Author{Name: "cy"})
	as.Flush(ctx)

	q := models.From(authorT).OrderBy(models.Asc(&authorT.Name)).Chunk(2) // two at a time
	for a, err := range async.Each(ctx, as, q) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a.Name)
	}
	// Output:
	// ada
	// bob
	// cy
}
