package models

import (
	"encoding/json"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
)

// valueRow is a row of encoded values: what a codec has encoded it can decode again
// without a database.
type valueRow []driver.Value

func (r valueRow) wrong(want string, i int) error {
	return &driver.Error{Kind: driver.ErrDecode, Message: "a value of kind " + r[i].Kind().String() + " is no " + want}
}

func (r valueRow) Len() int          { return len(r) }
func (r valueRow) IsNull(i int) bool { return r[i].Kind() == driver.KindNull }

func (r valueRow) Bool(i int) (bool, error) {
	if r[i].Kind() != driver.KindBool {
		return false, r.wrong("boolean", i)
	}
	return r[i].Bool(), nil
}

func (r valueRow) Int64(i int) (int64, error) {
	if r[i].Kind() != driver.KindInt64 {
		return 0, r.wrong("integer", i)
	}
	return r[i].Int64(), nil
}

func (r valueRow) Float64(i int) (float64, error) {
	if r[i].Kind() != driver.KindFloat64 {
		return 0, r.wrong("number", i)
	}
	return r[i].Float64(), nil
}

func (r valueRow) Text(i int) (string, error) {
	if r[i].Kind() != driver.KindText {
		return "", r.wrong("text", i)
	}
	return r[i].Text(), nil
}

func (r valueRow) Bytes(i int) ([]byte, error) {
	switch r[i].Kind() {
	case driver.KindBytes, driver.KindJSON, driver.KindText:
		return append([]byte{}, r[i].Bytes()...), nil
	}
	return nil, r.wrong("binary value", i)
}

func (r valueRow) Time(i int) (time.Time, error) {
	if r[i].Kind() != driver.KindTime {
		return time.Time{}, r.wrong("time", i)
	}
	return r[i].Time().UTC().Truncate(time.Microsecond), nil
}

func (r valueRow) UUID(i int) ([16]byte, error) {
	if r[i].Kind() != driver.KindUUID {
		return [16]byte{}, r.wrong("UUID", i)
	}
	return r[i].UUID(), nil
}

func (r valueRow) Value(i int) (any, error) {
	if r[i].Kind() == driver.KindJSON {
		return json.RawMessage(append([]byte{}, r[i].Bytes()...)), nil
	}
	return r[i].Any(), nil
}
