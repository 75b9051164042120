package models_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

// Channel and ChannelNote are the tables of the test of collections that are never loaded.
type (
	Channel struct {
		models.Model
		Name  string
		Notes models.HasMany[ChannelNote] `rel:"fk=ChannelID,lazy=raise,cascade=delete-orphan"`
	}
	ChannelNote struct {
		models.Model
		ChannelID int64 `db:",fk=channels.id"`
		Text      string
	}
)

// A collection too large to be loaded is written by Add and Remove, and read by queries:
// SQLAlchemy's WriteOnlyMapped. lazy=raise keeps it from being loaded by mistake.
func TestACollectionIsWrittenWithoutBeingLoaded(t *testing.T) {
	r := models.NewRegistry()
	channelT, noteT := models.RegisterIn[Channel](r), models.RegisterIn[ChannelNote](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		first := &Channel{Name: "first"}
		for _, text := range []string{"a", "b", "c"} {
			first.Notes.Add(&ChannelNote{Text: text})
		}
		s := models.NewSession(db, "written")
		defer s.Close()
		s.Add(first)
		must(t, s.Commit(ctx))

		s2 := models.NewSession(db, "written")
		defer s2.Close()
		c, err := models.One(ctx, s2, models.From(channelT))
		must(t, err)
		if _, err := c.Notes.Load(ctx); !errors.Is(err, models.ErrNotLoaded) {
			t.Errorf("Load: %v", err)
		}
		b, err := models.One(ctx, s2, models.From(noteT).Where(models.Eq(&noteT.ChannelID, c.ID), models.Eq(&noteT.Text, "b")))
		must(t, err)
		c.Notes.Add(&ChannelNote{Text: "d"})
		c.Notes.Remove(b)
		must(t, s2.Commit(ctx))
		if c.Notes.Loaded() {
			t.Error("the collection was loaded")
		}
		texts, err := models.All(ctx, db, models.Select1(models.Col(&noteT.Text)).Where(models.Eq(&noteT.ChannelID, c.ID)))
		must(t, err)
		if slices.Sort(texts); strings.Join(texts, "") != "acd" {
			t.Errorf("%v", texts)
		}
	})
}
