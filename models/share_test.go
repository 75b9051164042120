package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

type counterRow struct {
	models.Model
	Name  string `db:",unique"`
	Hits  int64
	Blob  []byte
	Gone  *time.Time `db:",softdelete"`
	Notes *string
}

// Statements of the verbs share flights and commits, and each caller gets its own.
func TestVerbsOfManyCallersShare(t *testing.T) {
	r := models.NewRegistry()
	proto := models.RegisterIn[counterRow](r)
	e, p := openPool(t, testdb.Postgres(t), r)
	if err := models.CreateTables(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	const goroutines, times = 64, 8
	crowd := func(f func(ctx context.Context, g, i int)) {
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range times {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					f(ctx, g, i)
					cancel()
				}
			})
		}
		wg.Wait()
	}
	var mu sync.Mutex
	ids := map[string]int64{}
	crowd(func(ctx context.Context, g, i int) {
		x := &counterRow{Name: fmt.Sprint(g, "-", i), Blob: []byte{byte(g), byte(i)}}
		if i == 7 {
			x.Name = fmt.Sprint(g, "-", 0) // taken by this very goroutine
			if err := models.Create(ctx, e, x); !errors.Is(err, driver.ErrUnique) {
				t.Errorf("a name that is taken: %v", err)
			}
			return
		}
		if err := models.Create(ctx, e, x); err != nil || x.ID == 0 {
			t.Errorf("create: %v", err)
			return
		}
		mu.Lock()
		ids[x.Name] = x.ID
		mu.Unlock()
	})
	crowd(func(ctx context.Context, g, i int) {
		name := fmt.Sprint(g, "-", i%7)
		mu.Lock()
		id := ids[name]
		mu.Unlock()
		n, err := models.Exec(ctx, e, models.Update(proto).Set(models.To(&proto.Hits, int64(i+1))).Where(models.Eq(&proto.ID, id)))
		if err != nil || n != 1 {
			t.Errorf("update: %d %v", n, err)
		}
		x, err := models.Get[counterRow](ctx, e, id)
		if err != nil || x.Name != name || x.Hits != int64(i+1) || x.Blob[0] != byte(g) {
			t.Errorf("get %s: %+v %v", name, x, err)
		}
		y, err := models.One(ctx, e, models.From(proto).Where(models.Eq(&proto.Name, name)))
		if err != nil || y.ID != id {
			t.Errorf("one %s: %+v %v", name, y, err)
		}
	})
	crowd(func(ctx context.Context, g, i int) {
		if i > 0 {
			return
		}
		mu.Lock()
		id := ids[fmt.Sprint(g, "-0")]
		mu.Unlock()
		n, err := models.Exec(ctx, e, models.Delete(proto).Where(models.Eq(&proto.ID, id)))
		if err != nil || n != 1 {
			t.Errorf("delete: %d %v", n, err)
		}
		if _, err := models.Get[counterRow](ctx, e, id); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a row that is marked as deleted: %v", err)
		}
	})
	if n, err := models.Count(t.Context(), e, models.From(proto)); err != nil || n != goroutines*6 {
		t.Errorf("%d rows, %v", n, err)
	}
	st := p.Stats()
	t.Logf("reads %d in %d, writes %d in %d, merged %d, resends %d, solo %d",
		st.SharedReads.Sum, st.SharedReads.Count, st.SharedWrites.Sum, st.SharedWrites.Count, st.Merged, st.Resends, st.SoloShapes)
	if shared := st.SharedReads.Sum > 0 && st.SharedWrites.Sum > 0 && st.Merged > 0; shared != (pool.Config{}.WithDefaults().Flights == pool.LaneOn) {
		t.Errorf("shared: %v", shared)
	}
}
