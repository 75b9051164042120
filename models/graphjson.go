package models

// encode encodes what a relation leads to.
func (w *words) encode(f relationFacts) ([]byte, error) { return []byte("null"), nil }
