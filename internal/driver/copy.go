package driver

// A Copy is many rows for one table that the database takes in as a stream, which costs
// far less than a statement for them. A connector that can has [Features.Copy].
type Copy struct {
	Table   string
	Columns []string
	// Rows hold a value for each of Columns.
	Rows [][]Value
}
