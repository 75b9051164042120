package schema

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Version is the version of the documents that [Encode] writes.
const Version = 1

type document struct {
	Version int      `json:"version"`
	Tables  []*Table `json:"tables"`
}

// Encode writes tables as JSON that people can read and compare, and [Decode] reads.
func Encode(tables []*Table) ([]byte, error) {
	if tables == nil {
		tables = []*Table{}
	}
	b, err := json.MarshalIndent(document{Version, tables}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return append(b, '\n'), nil
}

// Decode reads what [Encode] wrote, also by an older version.
func Decode(b []byte) ([]*Table, error) {
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if d.Version < 1 || d.Version > Version {
		return nil, fmt.Errorf("schema: the document has version %d, and this program knows up to %d: update it", d.Version, Version)
	}
	return d.Tables, nil
}

// MarshalText writes the kind as its word.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the word of a kind.
func (k *Kind) UnmarshalText(b []byte) error {
	i := slices.Index(kindNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("%q is no kind of column", b)
	}
	*k = Kind(i)
	return nil
}
