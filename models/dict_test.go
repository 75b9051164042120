package models_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestSeed10Dict(t *testing.T) {
	handles(t, 1, 2, func(t *testing.T, h models.Handle, log *echo) {
		a, err := models.One(t.Context(), h, models.From(writerT).With(models.SelectIn(&writerT.Articles, models.SelectIn(&articleT.Labels)), models.SelectIn(&writerT.Bio)))
		must(t, err)
		log.expect(t, 0, func() {
			got := models.Dict(a)
			if got["name"] != a.Name || got["id"] != a.ID {
				t.Errorf("%v", got)
			}
			if _, ok := got["marks"]; ok {
				t.Error("a relation that is not loaded")
			}
			arts := got["articles"].([]map[string]any)
			if len(arts) != 2 || arts[0]["title"] != "author 0, 1" || arts[0]["writer_id"] != a.ID {
				t.Errorf("%v", arts)
			}
			if _, ok := arts[0]["writer"]; ok {
				t.Error("the cycle does not end")
			}
			labels := arts[0]["labels"].([]map[string]any)
			if want := []map[string]any{{"name": "new"}, {"name": "old"}}; !reflect.DeepEqual(labels, want) {
				t.Errorf("%v, want %v", labels, want)
			}
			if bio := got["bio"].(map[string]any); bio["text"] != "of author 0" || bio["writer_id"] != a.ID {
				t.Errorf("%v", bio)
			}
		})
	})
}

type (
	Band struct {
		models.Model
		Name    string
		Players models.HasMany[Player] `rel:"back=Band"`
	}
	Player struct {
		models.Model
		Name   string
		BandID int64                  `db:",fk=bands.id"`
		Band   models.BelongsTo[Band] `rel:"back=Players"`
	}
)

func (b *Band) Dict() map[string]any {
	m := models.BaseDict(b)
	m["band"] = true
	return m
}

func (p *Player) Dict() map[string]any {
	m := models.BaseDict(p)
	delete(m, "id")
	m["loud"] = true
	return m
}

// A struct's own Dict wins where it is nested too, and ends cycles by BaseDict.
func TestSeed11OwnDict(t *testing.T) {
	b := &Band{Name: "x"}
	p := &Player{Name: "y", Band: models.Ref(b)}
	b.Players.Add(p)
	want := map[string]any{
		"id": int64(0), "name": "x", "band": true,
		"players": []map[string]any{{"name": "y", "band_id": int64(0), "loud": true}},
	}
	if got := models.Dict(b); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := models.BaseDict(p)["band"].(map[string]any); got["band"] != true {
		t.Errorf("%v", got)
	}
}

func TestSeed12JSONOfTheLoadedGraph(t *testing.T) {
	handles(t, 2, 1, func(t *testing.T, h models.Handle, log *echo) {
		x, err := models.First(t.Context(), h, models.From(articleT).OrderBy(models.Asc(&articleT.ID)).With(
			models.SelectIn(&articleT.Writer), models.SelectIn(&articleT.Marks, models.SelectIn(&markT.Writer)),
		))
		must(t, err)
		type writer struct {
			Name     string
			Articles json.RawMessage
		}
		var got struct {
			Title  string
			Writer writer
			Labels json.RawMessage
			Marks  []struct {
				Message string
				Article json.RawMessage
				Writer  *writer
			}
		}
		log.expect(t, 0, func() {
			text, err := json.Marshal(x)
			must(t, err)
			must(t, json.Unmarshal(text, &got))
		})
		if got.Title != "author 0, 0" || got.Writer.Name != "author 0" || got.Labels != nil || len(got.Marks) != 1 {
			t.Fatalf("%+v", got)
		}
		if m := got.Marks[0]; m.Message != "of author 0, 0" || m.Writer == nil || m.Writer.Name != "author 1" || m.Article != nil {
			t.Errorf("%+v", m)
		}
	})
}

// A relation that is in a cycle on both sides, by value, by pointer, and without
// omitzero.
func TestJSONCycles(t *testing.T) {
	b := &Band{Name: "x"}
	b.Players.Add(&Player{Name: "y", Band: models.Ref(b)}, &Player{Name: "z"})
	for _, x := range []any{b, *b, []*Band{b}} {
		text, err := json.Marshal(x)
		must(t, err)
		want := `{"ID":0,"Name":"x","Players":[{"ID":0,"Name":"y","BandID":0,"Band":{"ID":0,"Name":"x","Players":[{"ID":0,"Name":"z","BandID":0,"Band":null}]}},{"ID":0,"Name":"z","BandID":0,"Band":null}]}`
		if _, ok := x.([]*Band); ok {
			want = "[" + want + "]"
		}
		if string(text) != want {
			t.Errorf("%T: %s\nwant %s", x, text, want)
		}
	}
}
