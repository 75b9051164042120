package main

import (
	"context"

	"github.com/spillwaydb/spillway/models"
)

// selectin reads 500 users and the 5 posts of each.
func selectin(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	if err := w.fillBlog(ctx); err != nil {
		return nil, err
	}
	g, err := w.gorm()
	if err != nil {
		return nil, err
	}
	b, err := w.bun()
	if err != nil {
		return nil, err
	}
	want := w.size(blogUsers)
	c := &contest{}
	q := models.From(userT).With(models.SelectIn(&userT.Posts))
	ours := c.add("SelectIn", func(ctx context.Context) error {
		users, err := models.All(ctx, w.pg, q)
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
	hand := c.add("two-queries", func(ctx context.Context) error {
		users, err := scanBlog(ctx, w)
		return check(articles(users), want*postsPerUser, err)
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
	c.pair("pg/selectin", ours, hand, 1.0)
	c.pair("pg/selectin", ours, gorms, 2.2)
	c.pair("pg/selectin", ours, buns, 1.5)
	return c, nil
}

func articles(users []*writer) (n int) {
	for _, u := range users {
		n += len(u.Posts)
	}
	return n
}

// scanBlog is what one writes by hand: two queries and a map.
func scanBlog(ctx context.Context, w *world) ([]*writer, error) {
	rows, err := w.pgx.Query(ctx, "SELECT id, name, email FROM users")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var users []*writer
	var ids []int64
	byID := map[int64]*writer{}
	for rows.Next() {
		u := &writer{}
		if err := rows.Scan(&u.ID, &u.Name, &u.Email); err != nil {
			return nil, err
		}
		users, ids, byID[u.ID] = append(users, u), append(ids, u.ID), u
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows, err = w.pgx.Query(ctx, "SELECT id, title, author_id FROM posts WHERE author_id = ANY($1)", ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a := &article{}
		if err := rows.Scan(&a.ID, &a.Title, &a.AuthorID); err != nil {
			return nil, err
		}
		u := byID[a.AuthorID]
		u.Posts = append(u.Posts, a)
	}
	return users, rows.Err()
}
