package drivertest

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
)

// An Open returns a connector to a new, empty database. What it opens beside the
// connector it cleans up with t.Cleanup; the suite closes the connector.
type Open func(t testing.TB) driver.Connector

// Run runs the suite. Each test opens a database of its own.
func Run(t *testing.T, open Open) {
	for _, g := range []struct {
		name  string
		tests []test
	}{
		{"values", valueTests},
		{"statements", statementTests},
		{"flights", flightTests},
		{"copies", copyTests},
		{"transactions", transactionTests},
		{"sinks", sinkTests},
		{"cancellation", cancelTests},
		{"errors", errorTests},
		{"conflicts", conflictTests},
		{"connections", connectionTests},
	} {
		t.Run(g.name, func(t *testing.T) {
			for _, tt := range g.tests {
				t.Run(tt.name, func(t *testing.T) {
					s := newSuite(t, open)
					defer s.refused()
					tt.run(s)
				})
			}
		})
	}
}

// A test is one rule.
type test struct {
	name string
	run  func(s *suite)
}
