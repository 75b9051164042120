package models

import (
	"context"
	"errors"
	"unsafe"

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
	return valueAt[Paged[R]](pageOn(ctx, h, q.q))
}

func pageOn(ctx context.Context, h Handle, q *query) (unsafe.Pointer, error) {
	return perform(ctx, h, func(t Target) steps { return askPage(t, q) })
}

// CallPage compiles [Page].
func CallPage[R any](t Target, q Query[R]) link.Chain[Paged[R]] {
	return chainOf[Paged[R]](askPage(t, q.q))
}

// pageCall asks for rows and for their number.
type pageCall struct {
	rowsCall
	total valueSink
	// page is laid out like a Paged.
	page struct {
		rows  rowRange
		total int64
	}
}

func askPage(t Target, q *query) steps {
	c := &pageCall{rowsCall: rowsCall{rowsAsked: rowsAsked{q: q}}}
	c.total = valueSink{maker: makerOf[int64](), cells: []cell{{int64Codec, 0, 0}}, hint: 1}
	c.verb = c
	c.plan()
	return c.on(t)
}

// prepare implements request.
func (p *pageCall) prepare(c *call) (bool, error) {
	if done, err := p.rowsCall.prepare(c); done || err != nil {
		return done, err
	}
	if err := p.q.only("Page", selectQuery); err != nil {
		return false, err
	}
	if p.q.sel.Limit == nil {
		return false, errors.New("models: Page without Limit has one page: add Limit, or use All")
	}
	n := *p.q
	n.sel.Limit, n.sel.Offset, n.sel.Lock = nil, nil, dialect.NoLock
	st, err := n.statement(c.e.dialect, writeCount)
	st.Sink = &p.total
	c.beside = []driver.Statement{st}
	return false, err
}

// answer implements request.
func (p *pageCall) answer(c *call) (unsafe.Pointer, error) {
	if _, err := p.rowsCall.answer(c); err != nil {
		return nil, err
	}
	if p.total.n != 1 {
		return nil, errors.New("models: Page: the database answered without a count")
	}
	p.page.rows, p.page.total = p.rows, *(*int64)(p.total.out)
	return unsafe.Pointer(&p.page), nil
}
