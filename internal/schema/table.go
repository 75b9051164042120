package schema

// A Table is one table of the database.
type Table struct {
	Name    string
	Columns []*Column
	// Key lists the columns of the primary key in order.
	Key         []string
	Uniques     []Unique
	Checks      []Check
	Indexes     []Index
	ForeignKeys []ForeignKey
	// Model names the Go struct for messages, such as "app.User".
	Model string
	// Deleted is the column that marks a row as deleted and leaves it in the table; nil:
	// deleting removes it.
	Deleted *Column
}

// Column returns the column with that name, nil if there is none.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// A Column is one column of a table.
type Column struct {
	Name     string
	Type     Type
	Nullable bool
	// Auto: the server makes the value of this integer key.
	Auto bool
	// Default is the literal that the server puts in when the column is left out; nil
	// for none.
	Default *Literal
	// Server is the expression by which the server gives the column a value when it is
	// left out; nil for none.
	Server PerBackend
	// Generated is the expression that the column always has as its value; nil for a
	// plain column.
	Generated PerBackend
	// Was is the column's former name, a hint for migrations; empty for none.
	Was string
	// Field names the Go field for messages, such as "User.Email".
	Field string
}

// A Literal is a constant of a column's kind, as written in a tag.
type Literal struct {
	Kind Kind
	Text string
}

// A Unique is a constraint that no two rows have the same values in Columns.
type Unique struct {
	Name    string
	Columns []string
}

// A Check is a condition that every row meets.
type Check struct {
	Name string
	Expr string
}

// An Index speeds up lookups by its terms.
type Index struct {
	Name  string
	Terms []Term
	// Unique: no two rows have the same values in Terms.
	Unique bool
	// Where is the condition of a partial index; empty for all rows.
	Where string
}

// A Term is what an index sorts by: a column, or an expression in its place.
type Term struct {
	Column string
	Expr   string
	Desc   bool
}

// A ForeignKey says that the values of Columns are a key of another table.
type ForeignKey struct {
	Name       string
	Columns    []string
	RefTable   string
	RefColumns []string
	OnDelete   Action
	OnUpdate   Action
	// Deferrable: the key is checked when the transaction commits.
	Deferrable bool
}

// An Action says what happens to the rows that refer to a row that is deleted or gets
// another key. The zero value is the database's own rule: refuse.
type Action string

// The actions, in SQL's words.
const (
	NoAction   Action = "NO ACTION"
	Restrict   Action = "RESTRICT"
	Cascade    Action = "CASCADE"
	SetNull    Action = "SET NULL"
	SetDefault Action = "SET DEFAULT"
)
