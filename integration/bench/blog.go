package main

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/spillwaydb/spillway/models"
)

// A User has posts.
type User struct {
	models.Model
	Name  string
	Email string
	Posts models.HasMany[Post] `rel:"fk=AuthorID"`
}

// A Post belongs to a user.
type Post struct {
	models.Model
	Title    string
	AuthorID int64 `db:",fk=users.id,index"`
}

var (
	postT = models.Register[Post]()
	userT = models.Register[User]()
)

// A writer is a User without Spillway, for the peers.
type writer struct {
	ID    int64 `gorm:"primaryKey" bun:",pk,autoincrement"`
	Name  string
	Email string
	Posts []*article `gorm:"foreignKey:AuthorID" bun:"rel:has-many,join:id=author_id"`

	bun.BaseModel `gorm:"-" bun:"table:users"`
}

// An article is a Post without Spillway.
type article struct {
	ID       int64 `gorm:"primaryKey" bun:",pk,autoincrement"`
	Title    string
	AuthorID int64

	bun.BaseModel `gorm:"-" bun:"table:posts"`
}

// TableName tells GORM.
func (writer) TableName() string { return "users" }

// TableName tells GORM.
func (article) TableName() string { return "posts" }

const (
	blogUsers    = 500
	postsPerUser = 5
)

// fillBlog makes the rows that selectin reads, once.
func (w *world) fillBlog(ctx context.Context) error {
	if w.blogged {
		return nil
	}
	if _, err := w.pgx.Exec(ctx, "TRUNCATE users, posts RESTART IDENTITY"); err != nil {
		return err
	}
	w.blogged = true
	var users []*User
	for i := range w.size(blogUsers) {
		users = append(users, &User{Name: userName(i), Email: userEmail(i)})
	}
	if _, err := models.Exec(ctx, w.pg, models.Insert(users...)); err != nil {
		return err
	}
	var posts []*Post
	for i, u := range users {
		for k := range postsPerUser {
			posts = append(posts, &Post{Title: postTitle(i, k), AuthorID: u.ID})
		}
	}
	_, err := models.Exec(ctx, w.pg, models.Insert(posts...))
	return err
}
