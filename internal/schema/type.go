package schema

// A Kind is the family of a column's type, alike on every backend.
type Kind uint8

// The kinds. [Other] is a type known by its SQL text only.
const (
	Other Kind = iota
	Bool
	Int16
	Int32
	Int64
	Float32
	Float64
	Text
	Bytes
	Time
	UUID
	JSON
	Array
)

var kindNames = [...]string{"other", "bool", "int16", "int32", "int64", "float32", "float64", "text", "bytes", "time", "uuid", "json", "array"}

// String returns the kind as one lower-case word.
func (k Kind) String() string { return kindNames[k] }

// Integer reports whether the kind is one of the integers.
func (k Kind) Integer() bool { return k >= Int16 && k <= Int64 }

// A Type is the type of a column.
type Type struct {
	Kind Kind `json:"kind"`
	// Elem is the kind of the elements of an Array.
	Elem Kind `json:"elem,omitzero"`
	// SQL is the type's own text, written as it stands instead of the type of Kind, by
	// backend name ("postgres", "sqlite"); the empty name means every backend.
	SQL PerBackend `json:"sql,omitempty"`
}

// Text returns the type's own text for a backend, empty if it has none.
func (t Type) Text(backend string) string {
	return t.SQL.For(backend)
}

// PerBackend is SQL text by backend name ("postgres", "sqlite"); the empty name means
// every backend that is not named.
type PerBackend map[string]string

// For returns the text for a backend, empty if there is none.
func (p PerBackend) For(backend string) string {
	if s, ok := p[backend]; ok {
		return s
	}
	return p[""]
}
