package pool

import "github.com/spillwaydb/spillway/internal/driver"

// ClassNames returns the names of the classes by which [Stats.Operations] and
// [Stats.Errors] count, in their order: "raw", "read", "write" and so on.
func ClassNames() (names [driver.Classes]string) {
	for i := range names {
		names[i] = driver.Class(i).String()
	}
	return names
}
