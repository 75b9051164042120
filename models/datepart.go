package models

import (
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// Year is the year of a point in time, in UTC like all parts.
func Year(p *time.Time) Expr[int64] { return datePart(p, dialect.Year) }

// Month is the month, 1 to 12.
func Month(p *time.Time) Expr[int64] { return datePart(p, dialect.Month) }

// Day is the day of the month, 1 to 31.
func Day(p *time.Time) Expr[int64] { return datePart(p, dialect.Day) }

// Hour is the hour, 0 to 23.
func Hour(p *time.Time) Expr[int64] { return datePart(p, dialect.Hour) }

// Minute is the minute, 0 to 59.
func Minute(p *time.Time) Expr[int64] { return datePart(p, dialect.Minute) }

// Second is the second without its fraction, 0 to 59.
func Second(p *time.Time) Expr[int64] { return datePart(p, dialect.Second) }

// Weekday is the day of the week as in package time: Sunday is 0.
func Weekday(p *time.Time) Expr[int64] { return datePart(p, dialect.Weekday) }

// YearDay is the day of the year, 1 to 366.
func YearDay(p *time.Time) Expr[int64] { return datePart(p, dialect.YearDay) }

func datePart(p *time.Time, part dialect.Part) Expr[int64] {
	e := Col(p).x
	return Expr[int64]{x: term{node: dialect.DatePart{X: e.node, Part: part}, c: int64Codec, col: e.col, err: e.err}}
}
