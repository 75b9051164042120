package models_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

type (
	relTop struct {
		models.Model
		Name string
	}
	relKid struct {
		models.Model
		TopID  int64 `db:",fk=rel_tops.id"`
		FreeID int64
	}
	relPair struct {
		models.Model
		FreeID int64
		TopID  int64 `db:",fk=rel_tops.id"`
		Top    models.BelongsTo[relTop]
	}
	relNoKey     struct{ FreeID int64 }
	relBadOption struct {
		models.Model
		R models.HasMany[relKid] `rel:"kf=TopID"`
	}
	relBadValue struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk"`
	}
	relBadLazy struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=TopID,lazy=eager"`
	}
	relBadCascade struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=TopID,cascade=all"`
	}
	relBadMissing struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=Nope"`
	}
	relBadNoKey struct {
		models.Model
		R models.HasMany[relKid]
	}
	relBadTable struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=TopID"`
	}
	relBadBack struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=FreeID,back=Top"`
	}
	relBadElsewhere struct {
		models.Model
		R models.HasMany[relPair] `rel:"fk=FreeID,back=Top"`
	}
	relBadOrder struct {
		models.Model
		R models.BelongsTo[relTop] `rel:"order=ID"`
	}
	relBadSorted struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=FreeID,order=-Nope"`
	}
	relBadOther struct {
		models.Model
		R models.HasMany[relKid] `rel:"fk=FreeID,other=X"`
	}
	relBadThrough struct {
		models.Model
		R models.HasOne[relKid] `rel:"through=X"`
	}
	relBadOrphan struct {
		models.Model
		R models.HasMany[relKid] `rel:"through=X,cascade=delete-orphan"`
	}
	relBadKind struct {
		models.Model
		RID string
		R   models.BelongsTo[relTop]
	}
	relBadNoField struct {
		models.Model
		R models.BelongsTo[relTop]
	}
	relBadTarget struct {
		models.Model
		R models.HasMany[int]
	}
	relBadHidden struct {
		models.Model
		//lint:ignore U1000 that nothing can use it is why it is refused
		r models.HasMany[relKid] `rel:"fk=FreeID"`
	}
	relBadKeyless struct {
		models.Model
		R models.HasMany[relNoKey] `rel:"fk=FreeID"`
	}
	relThrough struct {
		models.Model
		R models.HasMany[relTop] `rel:"through=Nowhere"`
	}
	relAssociation struct {
		A int64 `db:",pk,fk=rel_tops.id"`
		B int64 `db:",pk,fk=rel_tops.id"`
	}
	relAmbiguous struct {
		models.Model
		R models.HasMany[relTop] `rel:"through=relAssociation"`
	}
)

func TestRelationTagMistakes(t *testing.T) {
	for _, c := range []struct {
		register func() (name, msg string)
		want     string
	}{
		{mistake[relBadOption], "unknown option \"kf\""},
		{mistake[relBadValue], "option fk needs a value"},
		{mistake[relBadLazy], "lazy=eager: want select"},
		{mistake[relBadCascade], "cascade=all: want delete"},
		{mistake[relBadMissing], "relKid has no field Nope"},
		{mistake[relBadNoKey], "0 foreign keys of relKid refer to"},
		{mistake[relBadTable], "relKid.TopID refers to the table rel_tops, not to"},
		{mistake[relBadBack], "back=Top: relKid has no relation of this name"},
		{mistake[relBadElsewhere], "back=Top: relPair.Top, which leads to relTop, not to"},
		{mistake[relBadOrder], "cascade and order do not fit"},
		{mistake[relBadSorted], "order=-Nope: relKid has no such field"},
		{mistake[relBadOther], "option other belongs to through"},
		{mistake[relBadThrough], "option through belongs to a HasMany"},
		{mistake[relBadOrphan], "does not fit through"},
		{mistake[relBadKind], "the foreign key relBadKind.RID is text, relTop.Model.ID is int64"},
		{mistake[relBadNoField], "relBadNoField has no field RID"},
		{mistake[relBadTarget], "it leads to int, which is no struct"},
		{mistake[relBadHidden], "the field is not exported"},
		{mistake[relBadKeyless], "relNoKey has no key"},
	} {
		_, msg := c.register()
		if !strings.Contains(msg, c.want) {
			t.Errorf("panic %q, want one with %q", msg, c.want)
		}
		if !strings.HasPrefix(msg, "models: rel") {
			t.Errorf("panic %q names no field", msg)
		}
	}
}

// What needs a struct that only a tag names is reported when it is needed, since that
// struct may be registered later.
func TestAssociationMistakes(t *testing.T) {
	r := models.NewRegistry()
	through := models.RegisterIn[relThrough](r)
	want := "through=Nowhere: no such struct is registered"
	if err := models.Check(r); err == nil || !containsText(err, want) || !containsText(err, "relThrough.R") {
		t.Errorf("%v, want %q", err, want)
	}
	db := open(t, "sqlite::memory:", models.NewRegistry())
	if _, err := models.All(t.Context(), db, models.From(through).With(models.SelectIn(&through.R))); err == nil || !containsText(err, want) {
		t.Errorf("%v, want %q", err, want)
	}
	r = models.NewRegistry()
	models.RegisterIn[relAmbiguous](r)
	models.RegisterIn[relAssociation](r)
	if err := models.Check(r); err == nil || !containsText(err, "no foreign key of relAssociation refers to relAmbiguous") {
		t.Errorf("%v", err)
	}
}

func TestRegisterReachesTypes(t *testing.T) {
	r := models.NewRegistry()
	models.RegisterIn[Mark](r)
	got := r.Registered(false)
	for _, want := range []reflect.Type{reflect.TypeFor[Mark](), reflect.TypeFor[Article](), reflect.TypeFor[Writer](), reflect.TypeFor[Label](), reflect.TypeFor[Bio]()} {
		found := false
		for _, typ := range got {
			found = found || typ == want
		}
		if !found {
			t.Errorf("%v was not registered; %v were", want, got)
		}
	}
	if models.RegisterIn[Writer](r) == writerT {
		t.Error("two registries share a prototype")
	}
	// A mistake anywhere leaves nothing behind.
	type wrong struct {
		models.Model
		Kids models.HasMany[relBadOption] `rel:"fk=Nope"`
	}
	r = models.NewRegistry()
	func() {
		defer func() { _ = recover() }()
		models.RegisterIn[wrong](r)
	}()
	if n := len(r.Registered(true)); n != 0 {
		t.Errorf("%d structs registered by a registration that failed", n)
	}
}
