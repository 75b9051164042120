package models_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/spillwaydb/spillway/models"
	"pgregory.net/rapid"
)

// Stamp is the table of the test of identity.
type Stamp struct {
	models.Model
	Value int
}

// In whatever order rows come, are looked for, leave and come back, a session has one
// object for each: a session that read them in the order of the key keeps no map until it
// has to, and that must not show.
func TestOneObjectPerRowInWhateverOrder(t *testing.T) {
	r := models.NewRegistry()
	stampT := models.RegisterIn[Stamp](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		stamps := make([]*Stamp, 12)
		for i := range stamps {
			stamps[i] = &Stamp{Value: i}
		}
		if _, err := models.Exec(t.Context(), db, models.Insert(stamps...)); err != nil {
			t.Fatal(err)
		}
		all := models.From(stampT)
		key := rapid.SampledFrom(stamps)
		rapid.Check(t, func(rt *rapid.T) {
			ctx := t.Context()
			s := models.NewSession(db, "identity")
			defer s.Close()
			have, gone := map[int64]*Stamp{}, map[int64]*Stamp{}
			meet := func(xs ...*Stamp) {
				for _, x := range xs {
					if old := have[x.ID]; old != nil && old != x || gone[x.ID] != nil {
						rt.Fatalf("row %d: another object, or one that was deleted", x.ID)
					}
					have[x.ID] = x
				}
			}
			read := func(q models.Query[*Stamp]) func(*rapid.T) {
				return func(rt *rapid.T) {
					xs, err := models.All(ctx, s, q)
					if err != nil {
						rt.Fatal(err)
					}
					meet(xs...)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"all":      read(all.OrderBy(models.Asc(&stampT.ID))),
				"backward": read(all.OrderBy(models.Desc(&stampT.ID))),
				"from the middle": func(rt *rapid.T) {
					read(all.Where(models.Ge(&stampT.ID, key.Draw(rt, "key").ID)).OrderBy(models.Asc(&stampT.ID)))(rt)
				},
				"get": func(rt *rapid.T) {
					id := key.Draw(rt, "key").ID
					x, err := models.Get[Stamp](ctx, s, id)
					switch {
					case gone[id] != nil:
						if !errors.Is(err, models.ErrNotFound) {
							rt.Fatalf("row %d was deleted: %v", id, err)
						}
					case err != nil:
						rt.Fatal(err)
					default:
						meet(x)
					}
				},
				"delete": func(rt *rapid.T) {
					id := key.Draw(rt, "key").ID
					if have[id] == nil {
						rt.Skip("not loaded")
					}
					s.Delete(have[id])
					if err := s.Flush(ctx); err != nil {
						rt.Fatal(err)
					}
					gone[id] = have[id]
					delete(have, id)
				},
				"expunge": func(rt *rapid.T) {
					id := key.Draw(rt, "key").ID
					if have[id] == nil {
						rt.Skip("not loaded")
					}
					s.Expunge(have[id])
					delete(have, id)
				},
				"rollback": func(rt *rapid.T) {
					if err := s.Rollback(ctx); err != nil {
						rt.Fatal(err)
					}
					maps.Copy(have, gone) // what was deleted is the session's again
					clear(gone)
				},
			})
		})
	})
}
