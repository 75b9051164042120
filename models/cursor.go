package models

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"time"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// A Cursor is a place in the rows of a query, as text that can be put into a link. It
// holds the values of the columns that order the query, readable for everyone, and is
// safe to take back from anybody: what is in it only ever becomes arguments.
type Cursor string

var errCursor = errors.New("models: After: this cursor is none of this query: take one that CursorOf made for the same OrderBy, or an empty one for the first page")

// After keeps the rows behind a cursor, so that pages stay quick and complete however
// far one reads and whatever is inserted meanwhile, as Offset does not. An empty cursor
// is the beginning. The query has to be one of [From], ordered by columns that can not
// be NULL; After adds the key, so that no two rows are equal.
//
//	q := models.From(postT).OrderBy(models.Desc(&postT.CreatedAt)).After(cursor).Limit(20)
//	posts, err := models.All(ctx, db, q)
//	next, err := models.CursorOf(q, posts[len(posts)-1])
func (q Query[R]) After(c Cursor) Query[R] { return Query[R]{q: q.q.after(c)} }

//go:noinline
func (q *query) after(c Cursor) *query {
	return q.with(func(n *query) error {
		k, err := keysetOf(n)
		if err != nil {
			return fmt.Errorf("models: After: the query has no order to go on in: %w", err)
		}
		n.sel.OrderBy = k.orders()
		if c == "" {
			return nil
		}
		vals, err := k.decode(c)
		if err != nil {
			return err
		}
		n.sel.Where = append(clip(n.sel.Where), k.after(vals))
		return nil
	})
}

// CursorOf returns the place of a row of q, for [Query.After]. The row must be as it was
// read: its values make the cursor.
func CursorOf[T any](q Query[*T], row *T) (Cursor, error) { return q.q.cursor(unsafe.Pointer(row)) }

func (q *query) cursor(row unsafe.Pointer) (Cursor, error) {
	switch {
	case q == nil:
		return "", errZeroQuery
	case q.err != nil:
		return "", q.err
	case row == nil:
		return "", errors.New("models: CursorOf a nil row")
	}
	k, err := keysetOf(q)
	if err != nil {
		return "", fmt.Errorf("models: CursorOf: the query has no order to go on in: %w", err)
	}
	vals, err := k.values(row)
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint32(nil, k.hash())
	for _, v := range vals {
		b = appendKey(b, v)
	}
	return Cursor(base64.RawURLEncoding.EncodeToString(b)), nil
}

// hash tells orders apart.
func (k *keyset) hash() uint32 {
	h := fnv.New32a()
	for _, t := range k.terms {
		fmt.Fprintf(h, "%s.%s %t,", k.t.facts.Name, t.f.name, t.desc)
	}
	return h.Sum32()
}

// decode reads what CursorOf wrote.
func (k *keyset) decode(c Cursor) ([]driver.Value, error) {
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(b) < 4 || binary.BigEndian.Uint32(b) != k.hash() {
		return nil, errCursor
	}
	b = b[4:]
	vals := make([]driver.Value, len(k.terms))
	for i, t := range k.terms {
		var ok bool
		if vals[i], b, ok = readKey(b); !ok || vals[i].Kind() != valueKind(t.f.kind) {
			return nil, errCursor
		}
	}
	if len(b) > 0 {
		return nil, errCursor
	}
	return vals, nil
}

// valueKind is what a column's values are encoded as.
func valueKind(k schema.Kind) driver.ValueKind {
	switch k {
	case schema.Bool:
		return driver.KindBool
	case schema.Int16, schema.Int32, schema.Int64:
		return driver.KindInt64
	case schema.Float32, schema.Float64:
		return driver.KindFloat64
	case schema.Text:
		return driver.KindText
	case schema.Bytes:
		return driver.KindBytes
	case schema.Time:
		return driver.KindTime
	case schema.UUID:
		return driver.KindUUID
	default:
		return driver.KindNull
	}
}

// readKey reads one value that appendKey wrote.
func readKey(b []byte) (v driver.Value, rest []byte, ok bool) {
	if len(b) == 0 {
		return v, nil, false
	}
	kind, b := driver.ValueKind(b[0]), b[1:]
	word := func() uint64 { return binary.BigEndian.Uint64(b) }
	switch kind {
	case driver.KindInt64, driver.KindFloat64, driver.KindTime:
		if len(b) < 8 {
			return v, nil, false
		}
		switch kind {
		case driver.KindInt64:
			v = driver.Int64(int64(word()))
		case driver.KindFloat64:
			v = driver.Float64(math.Float64frombits(word()))
		default:
			v = driver.Time(time.UnixMicro(int64(word())).UTC())
		}
		return v, b[8:], true
	case driver.KindBool:
		if len(b) < 1 {
			return v, nil, false
		}
		return driver.Bool(b[0] != 0), b[1:], true
	case driver.KindUUID:
		if len(b) < 16 {
			return v, nil, false
		}
		return driver.UUID([16]byte(b)), b[16:], true
	case driver.KindText, driver.KindBytes:
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return v, nil, false
		}
		data, rest := b[size:size+int(n)], b[size+int(n):]
		if kind == driver.KindText {
			return driver.Text(string(data)), rest, true
		}
		return driver.Bytes(data), rest, true
	}
	return v, nil, false
}
