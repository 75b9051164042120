package demo

import (
	"context"
	"fmt"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// answerRows is how many rows an answer has at most.
const answerRows = 6

// ask asks every question at once and awaits the answers.
func ask(ctx context.Context, db *spillway.DB, method string) ([]Answer, error) {
	questions := []struct {
		question, unit string
		rows           *async.Future[[]AnswerRow]
	}{
		{"Most imported packages", "files that import it", mostImported(ctx, db)},
		{"Largest packages", "lines", largest(ctx, db)},
		{"Longest functions and methods", "lines", longest(ctx, db)},
		{"Who declares most methods called " + method, "methods", declarers(ctx, db, method)},
		{"Most frequent names of methods", "methods", frequent(ctx, db)},
		{"Who imports most packages", "packages", importers(ctx, db)},
	}
	answers := make([]Answer, len(questions))
	for i, q := range questions {
		rows, err := q.rows.Await(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.question, err)
		}
		answers[i] = Answer{q.question, q.unit, rows}
	}
	return answers, nil
}

// ranked asks for pairs of a label and a number.
func ranked(ctx context.Context, db *spillway.DB, q models.Query[models.Row2[string, int64]]) *async.Future[[]AnswerRow] {
	return async.Map(async.All(ctx, db, q.Limit(answerRows)), func(pairs []models.Row2[string, int64]) ([]AnswerRow, error) {
		rows := make([]AnswerRow, len(pairs))
		for i, p := range pairs {
			rows[i] = AnswerRow{Label: p.A, Value: p.B}
		}
		return rows, nil
	})
}

func mostImported(ctx context.Context, db *spillway.DB) *async.Future[[]AnswerRow] {
	n := models.CountRows()
	return ranked(ctx, db, models.Select2(models.Col(&packageT.Path), n).
		Join(importT).
		GroupBy(&packageT.Path).OrderBy(n.Desc(), models.Asc(&packageT.Path)))
}

func largest(ctx context.Context, db *spillway.DB) *async.Future[[]AnswerRow] {
	n := models.Sum(&fileT.Lines)
	return ranked(ctx, db, models.Select2(models.Col(&packageT.Path), n).
		Join(fileT).
		GroupBy(&packageT.Path).OrderBy(n.Desc(), models.Asc(&packageT.Path)))
}

func declarers(ctx context.Context, db *spillway.DB, method string) *async.Future[[]AnswerRow] {
	n := models.CountRows()
	return ranked(ctx, db, models.Select2(models.Col(&packageT.Path), n).
		Join(fileT).Join(declT).
		Where(models.Eq(&declT.Kind, KindMethod), models.Eq(&declT.Name, method)).
		GroupBy(&packageT.Path).OrderBy(n.Desc(), models.Asc(&packageT.Path)))
}

func frequent(ctx context.Context, db *spillway.DB) *async.Future[[]AnswerRow] {
	n := models.CountRows()
	return ranked(ctx, db, models.Select2(models.Col(&declT.Name), n).
		Where(models.Eq(&declT.Kind, KindMethod)).
		GroupBy(&declT.Name).OrderBy(n.Desc(), models.Asc(&declT.Name)))
}

func importers(ctx context.Context, db *spillway.DB) *async.Future[[]AnswerRow] {
	n := models.CountDistinct(&importT.PackageID)
	return ranked(ctx, db, models.Select2(models.Col(&packageT.Path), n).
		Join(fileT).
		Join(importT, models.EqCol(&importT.FileID, &fileT.ID)).
		GroupBy(&packageT.Path).OrderBy(n.Desc(), models.Asc(&packageT.Path)))
}

func longest(ctx context.Context, db *spillway.DB) *async.Future[[]AnswerRow] {
	type row = models.Row4[string, string, string, int64]
	q := models.Select4(models.Col(&declT.Name), models.Col(&declT.Receiver), models.Col(&fileT.Path), models.Col(&declT.Lines)).
		Join(fileT).
		Where(models.In(&declT.Kind, KindFunc, KindMethod)).
		OrderBy(models.Desc(&declT.Lines), models.Asc(&fileT.Path), models.Asc(&declT.Line)).
		Limit(answerRows)
	return async.Map(async.All(ctx, db, q), func(found []row) ([]AnswerRow, error) {
		rows := make([]AnswerRow, len(found))
		for i, r := range found {
			name := r.A
			if r.B != "" {
				name = r.B + "." + name
			}
			rows[i] = AnswerRow{Label: name, Note: r.C, Value: r.D}
		}
		return rows, nil
	})
}
