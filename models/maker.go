package models

import "unsafe"

// A maker makes room for values of a type that its holder does not know, such as the
// structs of a slab. It is all that is compiled for each type of row: what collects rows
// and carries verbs out sees only their memory.
type maker interface {
	bytes() uintptr // of one value
	// extend makes room for n values, with copies of the first have of those at p in front.
	extend(p unsafe.Pointer, have, n int) unsafe.Pointer
	move(dst, src unsafe.Pointer)
}

type typed[T any] struct{}

// makerOf returns the maker of T.
func makerOf[T any]() maker { return (*typed[T])(nil) }

func (*typed[T]) bytes() uintptr {
	var t T
	return unsafe.Sizeof(t)
}

func (*typed[T]) extend(p unsafe.Pointer, have, n int) unsafe.Pointer {
	out := make([]T, n)
	copy(out, unsafe.Slice((*T)(p), have))
	return unsafe.Pointer(unsafe.SliceData(out))
}

func (*typed[T]) move(dst, src unsafe.Pointer) { *(*T)(dst) = *(*T)(src) }

// rowRange are rows that stand behind one another. It is laid out like a slice, and a verb
// whose result is a slice reads it as one.
type rowRange struct {
	p       unsafe.Pointer
	n, room int
}

func rangeOf[R any](rows []R) rowRange {
	return rowRange{unsafe.Pointer(unsafe.SliceData(rows)), len(rows), len(rows)}
}

// rowsAt returns the rows as what they are: nobody else may use their memory any more.
func rowsAt[R any](r rowRange) []R { return unsafe.Slice((*R)(r.p), r.n) }
