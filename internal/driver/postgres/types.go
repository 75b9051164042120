package postgres

import (
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// Formats of values on the wire.
const (
	textFormat   = 0
	binaryFormat = 1
)

// charOID is the type "char", a single byte of the system catalogs.
const charOID = pgtype.QCharOID

// typeMap knows the types that come with the server. Only TypeForOID may be called on it:
// the rest of it is not safe for concurrent use.
var typeMap = pgtype.NewMap()

// A column is one column of a result.
type column struct {
	name   string
	oid    uint32
	format int16
}

// typeName returns the server's name of a type, or its number if it is none of those
// that come with the server.
func typeName(oid uint32) string {
	if t, ok := typeMap.TypeForOID(oid); ok {
		return t.Name
	}
	return strconv.FormatUint(uint64(oid), 10)
}

// readsBinary tells whether row reads the type in binary. For the other types the text
// form is as short, or has no gap to fall through.
func readsBinary(oid uint32) bool {
	switch oid {
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID,
		pgtype.Float4OID, pgtype.Float8OID, pgtype.ByteaOID, pgtype.UUIDOID,
		pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.DateOID:
		return true
	}
	return false
}

// elementType returns the type of the elements of an array type whose elements Value
// tells apart; 0 for others.
func elementType(oid uint32) uint32 {
	t, ok := typeMap.TypeForOID(oid)
	if !ok {
		return 0
	}
	a, ok := t.Codec.(*pgtype.ArrayCodec)
	if !ok {
		return 0
	}
	return a.ElementType.OID
}

// straighten returns the columns, all in a format that row reads, and changes the
// values accordingly. A description that was remembered for too long makes it necessary.
func straighten(cols []column, values [][]byte) ([]column, error) {
	cols = slices.Clone(cols)
	for i := range cols {
		c := &cols[i]
		if c.format != binaryFormat || readsBinary(c.oid) {
			continue
		}
		if v := values[i]; v != nil && !sameBothWays(c.oid) {
			text, ok := binaryText(c.oid, v)
			if !ok {
				return nil, mismatch(c, "what the statement returned before")
			}
			values[i] = text
		}
		c.format = textFormat
	}
	return cols, nil
}

// binaryText turns the binary form of a type that comes with the server into its text.
func binaryText(oid uint32, v []byte) ([]byte, bool) {
	t, ok := typeMap.TypeForOID(oid)
	if !ok {
		return nil, false
	}
	m := pgtype.NewMap()
	value, err := t.Codec.DecodeValue(m, oid, binaryFormat, v)
	if err != nil {
		return nil, false
	}
	text, err := m.Encode(oid, textFormat, value, nil)
	return text, err == nil && text != nil
}
