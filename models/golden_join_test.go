package models_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// goldenJoins are relations that come with the statement of their objects. They need the
// tables of graph.
func goldenJoins() []golden {
	inner, outer := models.InnerJoin(), models.OuterJoin()
	articles, marks, writers := models.From(articleT), models.From(markT), models.From(writerT)
	return []golden{
		{"a key that is not NULL is joined inner", models.AsText(articles.With(models.Joined(&articleT.Writer)))},
		{"and below it", models.AsText(marks.With(models.Joined(&markT.Article, models.Joined(&articleT.Writer))))},
		{"with a filter outer", models.AsText(articles.With(models.Joined(&articleT.Writer, models.Filter(models.Eq(&writerT.Name, "a")))))},
		{"with a filter and InnerJoin", models.AsText(articles.With(models.Joined(&articleT.Writer, inner, models.Filter(models.Eq(&writerT.Name, "a")))))},
		{"OuterJoin", models.AsText(articles.With(models.Joined(&articleT.Writer, outer)))},
		{"below an OuterJoin all is outer", models.AsText(marks.With(models.Joined(&markT.Article, outer, models.Joined(&articleT.Writer))))},
		{"a collection", models.AsText(writers.With(models.Joined(&writerT.Articles)))},
		{"below a collection all is outer", models.AsText(writers.With(models.Joined(&writerT.Articles, models.Joined(&articleT.Writer))))},
		{"a collection inner, and below it", models.AsText(writers.With(models.Joined(&writerT.Articles, inner, models.Joined(&articleT.Writer))))},
		{"a collection inner, limited", models.AsText(writers.OrderBy(models.Desc(&writerT.Name)).Limit(3).With(models.Joined(&writerT.Articles, inner)))},
		{"through an association, inner", models.AsText(articles.With(models.Joined(&articleT.Labels, inner)))},
		{"two, one of them inner", models.AsText(writers.With(models.Joined(&writerT.Bio), models.Joined(&writerT.Articles, inner)))},
		{"levels", models.AsText(models.From(sectionT).With(models.Joined(&sectionT.Children, models.Depth(2))))},
		{"levels, inner", models.AsText(models.From(sectionT).With(models.Joined(&sectionT.Parent, inner, models.Depth(2))))},
		{"under a lock nothing is joined", models.AsText(articles.Limit(1).ForUpdate().With(models.Joined(&articleT.Writer)))},
		{"under a lock InnerJoin is refused", models.AsText(articles.Limit(1).ForUpdate().With(models.Joined(&articleT.Writer, inner)))},
		{"below a LEFT JOIN InnerJoin is refused", models.AsText(writers.With(models.Joined(&writerT.Articles, models.Joined(&articleT.Writer, inner))))},
	}
}

// goldenOars are more of them, with the tables of boats.
func goldenOars() []golden {
	oars := models.From(oarT)
	return []golden{
		{"a key that is checked late is joined outer", models.AsText(oars.With(models.Joined(&oarT.Spare)))},
		{"rows that can be marked as deleted are joined outer", models.AsText(oars.With(models.Joined(&oarT.Buoy)))},
		{"rows marked as deleted too are joined inner", models.AsText(oars.With(models.Joined(&oarT.Hull), models.Joined(&oarT.Buoy, models.IncludeDeleted())))},
	}
}

func TestGoldenJoinsRun(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		db, _ := watched(t, url)
		shelves(t, db, 2, 2)
		runGolden(t, db, "joins", goldenJoins())
	})
	both(t, boats, func(t *testing.T, db *models.Engine) { runGolden(t, db, "joins", goldenOars()) })
}
