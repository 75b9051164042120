package models

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

// parseLiteral reads a constant as written in a tag.
func parseLiteral(c *codec, text string) (driver.Value, error) {
	switch {
	case c.typ == durationType:
		return driver.Value{}, errors.New("a time.Duration can not have a default yet: set it in code")
	case c.kind == schema.Bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return driver.Value{}, errors.New("want true or false")
		}
		return driver.Bool(v), nil
	case c.kind.Integer():
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return driver.Value{}, errors.New("want an integer")
		}
		return driver.Int64(v), nil
	case c.kind == schema.Float32, c.kind == schema.Float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v != v || v-v != 0 {
			return driver.Value{}, errors.New("want a number")
		}
		return driver.Float64(v), nil
	case c.kind == schema.Text:
		return driver.Text(text), nil
	default:
		return driver.Value{}, fmt.Errorf("a column of type %s can not have a default yet", c.typ)
	}
}
