package main

import (
	"context"
	"path/filepath"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// liteBlog makes a file with users and their posts.
func (w *world) liteBlog(ctx context.Context, name string, users int) (*spillway.DB, string, error) {
	if err := w.lite(ctx); err != nil {
		return nil, "", err
	}
	file := filepath.Join(filepath.Dir(w.file), name)
	db, err := w.open(ctx, "sqlite:"+filepath.ToSlash(file))
	if err != nil {
		return nil, "", err
	}
	if err := db.CreateTables(ctx); err != nil || users == 0 {
		return db, file, err
	}
	us := make([]*User, users)
	for i := range us {
		us[i] = &User{Name: userName(i), Email: userEmail(i)}
	}
	if _, err := models.Exec(ctx, db, models.Insert(us...)); err != nil {
		return nil, "", err
	}
	var posts []*Post
	for i, u := range us {
		for k := range postsPerUser {
			posts = append(posts, &Post{Title: postTitle(i, k), AuthorID: u.ID})
		}
	}
	_, err = models.Exec(ctx, db, models.Insert(posts...))
	return db, file, err
}

// liteSelectin reads 500 users and the 5 posts of each.
func liteSelectin(ctx context.Context, w *world) (*contest, error) {
	want := w.size(blogUsers)
	db, file, err := w.liteBlog(ctx, "blog.db", want)
	if err != nil {
		return nil, err
	}
	g, err := w.liteGorm(file)
	if err != nil {
		return nil, err
	}
	b, err := w.liteBun(file)
	if err != nil {
		return nil, err
	}
	c := &contest{}
	q := models.From(userT).With(models.SelectIn(&userT.Posts))
	ours := c.add("SelectIn", func(ctx context.Context) error {
		users, err := models.All(ctx, db, q)
		if err != nil {
			return err
		}
		n := 0
		for _, u := range users {
			posts, err := u.Posts.Items()
			if err != nil {
				return err
			}
			n += len(posts)
		}
		return check(n, want*postsPerUser, nil)
	})
	gorms := c.add("gorm", func(ctx context.Context) error {
		var users []*writer
		err := g.WithContext(ctx).Preload("Posts").Find(&users).Error
		return check(articles(users), want*postsPerUser, err)
	})
	buns := c.add("bun", func(ctx context.Context) error {
		var users []*writer
		err := b.NewSelect().Model(&users).Relation("Posts").Scan(ctx)
		return check(articles(users), want*postsPerUser, err)
	})
	c.pair("sqlite/selectin", ours, gorms, 2)
	c.pair("sqlite/selectin", ours, buns, 2)
	return c, nil
}
