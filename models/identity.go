package models

import (
	"encoding/binary"
	"math"

	"github.com/spillwaydb/spillway/internal/driver"
)

// appendKey appends an encoded key value such that different keys give different bytes.
func appendKey(b []byte, v driver.Value) []byte {
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case driver.KindInt64:
		return binary.BigEndian.AppendUint64(b, uint64(v.Int64()))
	case driver.KindBool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case driver.KindFloat64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float64()))
	case driver.KindTime:
		return binary.BigEndian.AppendUint64(b, uint64(v.Time().UnixMicro()))
	case driver.KindUUID:
		u := v.UUID()
		return append(b, u[:]...)
	case driver.KindText, driver.KindBytes, driver.KindJSON:
		b = binary.AppendUvarint(b, uint64(len(v.Bytes())))
		return append(b, v.Bytes()...)
	default:
		return b
	}
}
