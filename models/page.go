package models

import (
	"context"
	"errors"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/link"
)

// Paged is a page of rows, and how many there are in all.
type Paged[R any] struct {
	Rows []R
	// Total is the number of rows without Limit and Offset.
	Total int64
}

// Page returns the rows of q, which has a Limit and may have an Offset, and the number of
// all rows that q has without them. Both questions travel together: one round trip. They
// are two statements, so between them somebody else may change the table.
func Page[R any](ctx context.Context, h Handle, q Query[R]) (Paged[R], error) {
	return run(ctx, h, func(t Target) link.Chain[Paged[R]] { return CallPage(t, q) })
}

// CallPage compiles [Page].
func CallPage[R any](t Target, q Query[R]) link.Chain[Paged[R]] {
	total := values{maker: makerOf[int64](), cells: []cell{{int64Codec, 0, 0}}}.sink(1, false)
	c := rowsCall(q.q, q.q.limit(), func(rows rowRange) (Paged[R], error) {
		n := rowsAt[int64](total.result())
		if len(n) != 1 {
			return Paged[R]{}, errors.New("models: Page: the database answered without a count")
		}
		return Paged[R]{rowsAt[R](rows), n[0]}, nil
	})
	rows := c.prepare
	c.prepare = func(c *call[Paged[R]]) (bool, error) {
		if done, err := rows(c); done || err != nil {
			return done, err
		}
		if err := q.q.only("Page", selectQuery); err != nil {
			return false, err
		}
		if q.q.sel.Limit == nil {
			return false, errors.New("models: Page without Limit has one page: add Limit, or use All")
		}
		n := *q.q
		n.sel.Limit, n.sel.Offset, n.sel.Lock = nil, nil, dialect.NoLock
		st, err := n.statement(c.e.dialect, writeCount)
		st.Sink = total
		c.beside = []driver.Statement{st}
		return false, err
	}
	return c.chain(t)
}
