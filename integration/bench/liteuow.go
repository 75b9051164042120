package main

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"gorm.io/gorm"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// rowsPerInsert keeps a statement of a peer below the 32 766 parameters of SQLite.
const rowsPerInsert = 1000

// liteUnitOfWork adds users with posts and commits.
func liteUnitOfWork(ctx context.Context, w *world) (*contest, error) {
	// Every side has a file of its own, so that all begin alike.
	db, _, err := w.liteBlog(ctx, "uow.db", 0)
	if err != nil {
		return nil, err
	}
	_, gormFile, err := w.liteBlog(ctx, "uow-gorm.db", 0)
	if err != nil {
		return nil, err
	}
	_, bunFile, err := w.liteBlog(ctx, "uow-bun.db", 0)
	if err != nil {
		return nil, err
	}
	g, err := w.liteGorm(gormFile)
	if err != nil {
		return nil, err
	}
	b, err := w.liteBun(bunFile)
	if err != nil {
		return nil, err
	}
	n := w.size(uowUsers)
	c := &contest{}
	ours := c.add("Session", func(ctx context.Context) error { return addBlog(ctx, db, n) })
	gorms := c.add("gorm.CreateInBatches", func(ctx context.Context) error {
		users := make([]*writer, n)
		for i := range users {
			users[i] = &writer{Name: userName(i), Email: userEmail(i)}
			for k := range postsPerUser {
				users[i].Posts = append(users[i].Posts, &article{Title: postTitle(i, k)})
			}
		}
		return g.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return tx.CreateInBatches(users, rowsPerInsert).Error })
	})
	buns := c.add("bun.NewInsert", func(ctx context.Context) error { return bunBlog(ctx, b, n) })
	gormSQL, err := g.DB()
	if err != nil {
		return nil, err
	}
	ours.before = func(ctx context.Context) error { return emptyBlog(ctx, db) }
	gorms.before = func(ctx context.Context) error { return emptyBlogSQL(ctx, gormSQL) }
	buns.before = func(ctx context.Context) error { return emptyBlogSQL(ctx, b.DB) }
	c.pair("sqlite/uow", ours, gorms, 2)
	c.pair("sqlite/uow", ours, buns, 2)
	return c, nil
}

// bunBlog is the work with bun, which has no cascade: users first, then their posts.
func bunBlog(ctx context.Context, b *bun.DB, n int) error {
	users := make([]*writer, n)
	for i := range users {
		users[i] = &writer{Name: userName(i), Email: userEmail(i)}
	}
	return b.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for part := users; len(part) > 0; part = part[min(rowsPerInsert, len(part)):] {
			now := part[:min(rowsPerInsert, len(part))]
			if _, err := tx.NewInsert().Model(&now).Exec(ctx); err != nil {
				return err
			}
		}
		posts := make([]*article, 0, n*postsPerUser)
		for i, u := range users {
			for k := range postsPerUser {
				a := &article{Title: postTitle(i, k), AuthorID: u.ID}
				u.Posts = append(u.Posts, a)
				posts = append(posts, a)
			}
		}
		for part := posts; len(part) > 0; part = part[min(rowsPerInsert, len(part)):] {
			now := part[:min(rowsPerInsert, len(part))]
			if _, err := tx.NewInsert().Model(&now).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// emptyBlog takes the rows of the last run away.
func emptyBlog(ctx context.Context, db *spillway.DB) error {
	if _, err := models.Exec(ctx, db, models.Delete(postT).Where(models.Gt(&postT.ID, 0))); err != nil {
		return err
	}
	_, err := models.Exec(ctx, db, models.Delete(userT).Where(models.Gt(&userT.ID, 0)))
	return err
}

func emptyBlogSQL(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "DELETE FROM posts"); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, "DELETE FROM users")
	return err
}
