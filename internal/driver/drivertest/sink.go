package drivertest

import "github.com/spillwaydb/spillway/internal/driver"

// rows is a sink that keeps everything.
type rows struct {
	begun int
	cols  []driver.Column
	rows  [][]any
}

func (r *rows) Begin(cols []driver.Column) error {
	r.begun++
	r.cols = append([]driver.Column(nil), cols...)
	r.rows = nil
	return nil
}

func (r *rows) Row(row driver.Row) error {
	values := make([]any, row.Len())
	for i := range values {
		v, err := row.Value(i)
		if err != nil {
			return err
		}
		values[i] = v
	}
	r.rows = append(r.rows, values)
	return nil
}

// each is a sink that calls a function for every row.
type each func(row driver.Row) error

func (each) Begin([]driver.Column) error { return nil }
func (f each) Row(row driver.Row) error  { return f(row) }

// beginning is a sink that only has something to say at the beginning.
type beginning func(cols []driver.Column) error

func (f beginning) Begin(cols []driver.Column) error { return f(cols) }
func (beginning) Row(driver.Row) error               { return nil }
