package async_test

import (
	"testing"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// Rows overwrite the columns that they have, and no others.
func TestPopulateExistingLeavesWhatIsNotRead(t *testing.T) {
	both(t, pool.Config{Size: 2}, func(t *testing.T, db database) {
		ctx := t.Context()
		racks(t, db, 1)
		for _, c := range []struct {
			q    models.Query[*Volume]
			want string
		}{
			{models.From(volumeT).Defer(&volumeT.Title), "new"},
			{models.From(volumeT), "a"},
		} {
			s := db.session(t)
			first := models.Eq(&volumeT.Title, "a")
			v, err := async.One(ctx, s, models.From(volumeT).Defer(&volumeT.Title).Where(first)).Await(ctx)
			if err != nil || v.Title != "" {
				t.Fatal(v, err)
			}
			v.Title = "new" // nothing flushes it
			if _, err := async.All(ctx, s, c.q.Where(first).PopulateExisting()).Await(ctx); err != nil || v.Title != c.want {
				t.Errorf("%q, %v, want %q", v.Title, err, c.want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
