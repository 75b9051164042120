package models

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spillwaydb/spillway/internal/dialect"
)

// A Window says over which rows a function looks, see [Expr.Over]. The zero Window are
// all rows of the result. Windows are immutable.
type Window struct {
	w   dialect.Window
	sub []*table
	err error
}

// PartitionBy is a window of the rows that are alike in keys: addresses of columns, or
// expressions.
func PartitionBy(keys ...any) Window {
	var w Window
	for _, k := range keys {
		node, err := nodeOf(k)
		if err != nil {
			return Window{err: err}
		}
		w.w.Partition = append(w.w.Partition, node)
	}
	return w
}

// OrderBy orders the rows of the window. An aggregate then looks from the first row to
// the present one and those equal to it: Sum becomes a running total.
func (w Window) OrderBy(orders ...Order) Window {
	for _, o := range orders {
		switch {
		case w.err != nil:
		case o.err != nil:
			w.err = o.err
		case o.node == nil:
			w.err = errors.New("models: a zero Order orders nothing")
		}
		w.w.OrderBy, w.sub = append(clip(w.w.OrderBy), o.node), append(clip(w.sub), o.sub...)
	}
	return w
}

// UnboundedRows stands for all rows to that side in [Window.Rows].
const UnboundedRows = -1

// Rows narrows the window to that many rows before the present one and behind it, as a
// moving average needs it.
func (w Window) Rows(before, behind int) Window {
	bound := func(n int, to string) string {
		switch {
		case n == UnboundedRows:
			return "UNBOUNDED " + to
		case n < 0 && w.err == nil:
			w.err = fmt.Errorf("models: Rows: %d rows: want 0 or more, or UnboundedRows", n)
		}
		return strconv.Itoa(n) + " " + to
	}
	w.w.Frame = "ROWS BETWEEN " + bound(before, "PRECEDING") + " AND " + bound(behind, "FOLLOWING")
	return w
}

// Over makes a function of the rows of a window, without making one row of them: of an
// aggregate such as Sum, or of one that exists for it, such as [RowNumber]. Conditions
// can not use it; for that make a derived table of the query.
//
//	models.RowNumber().Over(models.PartitionBy(&postT.AuthorID).OrderBy(models.Desc(&postT.Views)))
func (e Expr[V]) Over(w Window) Expr[V] { return Expr[V]{x: e.x.over(w)} }

// RowNumber numbers the rows of a window, from 1. Like the functions below it needs
// [Expr.Over].
func RowNumber() Expr[int64] { return ranking("ROW_NUMBER") }

// Rank is the number of the first row that is equal in order.
func Rank() Expr[int64] { return ranking("RANK") }

// DenseRank numbers the different values of the order.
func DenseRank() Expr[int64] { return ranking("DENSE_RANK") }

// NTile divides the rows of a window into n groups of equal size and numbers them.
func NTile(n int) Expr[int64] {
	if n < 1 {
		return Expr[int64]{x: term{err: fmt.Errorf("models: NTile(%d): want 1 or more", n)}}
	}
	return ranking("NTILE", dialect.Number{N: int64(n)})
}

// Lag is the value of e in the row that is n rows before, NULL where there is none.
func Lag[V any](e Expr[V], n int) Expr[V] { return Expr[V]{x: e.x.beside("LAG", n)} }

// Lead is the value of e in the row that is n rows behind, NULL where there is none.
func Lead[V any](e Expr[V], n int) Expr[V] { return Expr[V]{x: e.x.beside("LEAD", n)} }

// FirstValue is the value of e in the first row of the window.
func FirstValue[V any](e Expr[V]) Expr[V] { return Expr[V]{x: e.x.windowed("FIRST_VALUE")} }

// LastValue is the value of e in the last row of the window, which with OrderBy is the
// present one, unless Rows(…, UnboundedRows) says otherwise.
func LastValue[V any](e Expr[V]) Expr[V] { return Expr[V]{x: e.x.windowed("LAST_VALUE")} }

func ranking(name string, args ...dialect.Node) Expr[int64] {
	return Expr[int64]{x: term{node: dialect.Ranking{Call: dialect.Call{Name: name, Args: args}}, c: int64Codec}}
}
