package postgres

import (
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

// names of the types that come with the server.
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
