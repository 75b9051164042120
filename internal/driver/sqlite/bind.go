package sqlite

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/ncruces/go-sqlite3"

	"github.com/spillwaydb/spillway/internal/driver"
)

// bind gives argument n, counted from 1, to a statement. SQLite keeps its own copy.
func bind(stmt *sqlite3.Stmt, n int, v *driver.Value) error {
	switch v.Kind() {
	case driver.KindNull:
		return stmt.BindNull(n)
	case driver.KindBool, driver.KindInt64:
		return stmt.BindInt64(n, v.Int64())
	case driver.KindFloat64:
		f := v.Float64()
		if math.IsNaN(f) {
			return unfit(n, "NaN has no form in SQLite, which would store NULL")
		}
		return stmt.BindFloat(n, f)
	case driver.KindText:
		return stmt.BindText(n, v.Text())
	case driver.KindBytes:
		return stmt.BindBlob(n, v.Bytes())
	case driver.KindJSON:
		return bindText(stmt, n, v.Bytes())
	case driver.KindTime:
		var buf [timeLength]byte
		text, err := appendTime(buf[:0], v.Time())
		if err != nil {
			return unfit(n, err.Error())
		}
		return bindText(stmt, n, text)
	case driver.KindUUID:
		var buf [uuidLength]byte
		return bindText(stmt, n, appendUUID(buf[:0], v.UUID()))
	default:
		text, err := appendArray(nil, v.Array())
		if err != nil {
			return unfit(n, err.Error())
		}
		return bindText(stmt, n, text)
	}
}

// bindText binds bytes as text, without a copy of our own.
func bindText(stmt *sqlite3.Stmt, n int, b []byte) error {
	return stmt.BindText(n, unsafe.String(unsafe.SliceData(b), len(b)))
}

// unfit is the error of an argument that SQLite has no form for. It names the place,
// never the value.
func unfit(n int, why string) error {
	return &driver.Error{Kind: driver.ErrValue, Message: fmt.Sprintf("argument %d: %s", n, why)}
}
