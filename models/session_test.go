package models_test

import (
	"errors"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func newUser(name string) *User {
	return &User{Username: name, Email: name + "@example.com", Active: true}
}

func TestSession(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		s := models.NewSession(db, t.Name())
		defer s.Close()
		ada := newUser("ada")
		name := "Ada Lovelace"
		ada.FullName = &name
		s.Add(ada)
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if ada.ID == 0 || ada.CreatedAt.IsZero() || ada.UpdatedAt != ada.CreatedAt {
			t.Errorf("not filled in: %+v", ada)
		}
		got, err := models.Get[User](ctx, s, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got != ada {
			t.Error("the session answered with another object for the same row")
		}
		was := ada.UpdatedAt
		*ada.FullName = "Countess"
		s.Add(&Post{Title: "Hello", AuthorID: ada.ID})
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if !ada.UpdatedAt.After(was) {
			t.Errorf("updated %v, before %v", ada.UpdatedAt, was)
		}
		fresh, err := models.Get[User](ctx, db, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		if fresh == ada || *fresh.FullName != "Countess" || !fresh.UpdatedAt.Equal(ada.UpdatedAt) {
			t.Errorf("the database has %+v", fresh)
		}
		posts, err := models.All(ctx, s, models.From(postT).Where(models.Eq(&postT.AuthorID, ada.ID)))
		if err != nil || len(posts) != 1 || posts[0].Title != "Hello" {
			t.Fatalf("posts %v, %v", posts, err)
		}
		s.Delete(ada)
		if err := s.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := models.Get[User](ctx, s, ada.ID); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("after deletion: %v", err)
		}
		if n, err := models.Count(ctx, db, models.From(postT)); n != 0 || err != nil {
			t.Errorf("%d posts left, %v", n, err)
		}
	})
}
