package dialect

// A Tuple is several values that are compared as one, the first difference deciding.
type Tuple []Node

func (n Tuple) write(w *Writer) {
	if len(n) == 1 {
		n[0].write(w)
		return
	}
	w.str("(")
	w.list(n)
	w.str(")")
}
