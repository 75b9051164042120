package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/spillwaydb/spillway"
)

// uowUsers is how many users are added to one session, with postsPerUser posts each.
const uowUsers = 2000

// unitOfWork adds users with posts and commits.
func unitOfWork(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	g, err := w.gorm()
	if err != nil {
		return nil, err
	}
	w.blogged = false // every run begins with empty tables
	n := w.size(uowUsers)
	c := &contest{}
	ours := c.add("Session", func(ctx context.Context) error { return addBlog(ctx, w.pg, n) })
	hand := c.add("unnest", func(ctx context.Context) error { return unnestBlog(ctx, w, n) })
	gorms := c.add("gorm.CreateInBatches", func(ctx context.Context) error {
		users := make([]*writer, n)
		for i := range users {
			users[i] = &writer{Name: userName(i), Email: userEmail(i)}
			for k := range postsPerUser {
				users[i].Posts = append(users[i].Posts, &article{Title: postTitle(i, k)})
			}
		}
		// A statement takes 65 535 parameters, and a post has two of them.
		return g.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return tx.CreateInBatches(users, 1000).Error })
	})
	peer, err := startPython(w, "asyncpg")
	if err != nil {
		return nil, err
	}
	python := c.side("sqlmodel+asyncpg", perRun, own(func(context.Context, pace) (float64, error) {
		return peer.number("uow %d %d", n, postsPerUser)
	}))
	for _, s := range c.sides {
		s.before = func(ctx context.Context) error {
			_, err := w.pgx.Exec(ctx, "TRUNCATE users, posts RESTART IDENTITY")
			return err
		}
	}
	c.pair("pg/uow", ours, hand, 0.85)
	c.pair("pg/uow", ours, gorms, 1.0)
	c.pair("pg/uow", ours, python, 15)
	return c, nil
}

func userName(i int) string     { return fmt.Sprintf("user%05d", i) }
func userEmail(i int) string    { return fmt.Sprintf("user%05d@example.com", i) }
func postTitle(i, k int) string { return fmt.Sprintf("post %d of user%05d", k, i) }

// addBlog is the work by a session.
func addBlog(ctx context.Context, db *spillway.DB, n int) error {
	s := db.Session()
	defer s.Close()
	users := make([]*User, n)
	for i := range users {
		users[i] = &User{Name: userName(i), Email: userEmail(i)}
		s.Add(users[i])
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	for i, u := range users {
		for k := range postsPerUser {
			s.Add(&Post{Title: postTitle(i, k), AuthorID: u.ID})
		}
	}
	return s.Commit(ctx)
}

// unnestBlog is the work by hand: one statement for each table, columns as arrays.
func unnestBlog(ctx context.Context, w *world, n int) error {
	tx, err := w.pgx.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
	users := make([]*writer, n)
	names, emails := make([]string, n), make([]string, n)
	for i := range users {
		users[i] = &writer{Name: userName(i), Email: userEmail(i)}
		names[i], emails[i] = users[i].Name, users[i].Email
	}
	rows, err := tx.Query(ctx, "INSERT INTO users (name, email) SELECT * FROM unnest($1::text[], $2::text[]) RETURNING id", names, emails)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err := check(len(ids), n, err); err != nil {
		return err
	}
	var titles []string
	var authors []int64
	for i, u := range users {
		u.ID = ids[i]
		for k := range postsPerUser {
			a := &article{Title: postTitle(i, k), AuthorID: u.ID}
			u.Posts = append(u.Posts, a)
			titles, authors = append(titles, a.Title), append(authors, a.AuthorID)
		}
	}
	rows, err = tx.Query(ctx, "INSERT INTO posts (title, author_id) SELECT * FROM unnest($1::text[], $2::bigint[]) RETURNING id", titles, authors)
	if err != nil {
		return err
	}
	ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	if err := check(len(ids), n*postsPerUser, err); err != nil {
		return err
	}
	for i, id := range ids {
		users[i/postsPerUser].Posts[i%postsPerUser].ID = id
	}
	return tx.Commit(ctx)
}
