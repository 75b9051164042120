package schema

// A Table is one table of the database.
type Table struct {
	Name    string    `json:"name"`
	Columns []*Column `json:"columns"`
	// Key lists the columns of the primary key in order.
	Key         []string     `json:"key"`
	Uniques     []Unique     `json:"uniques,omitempty"`
	Checks      []Check      `json:"checks,omitempty"`
	Indexes     []Index      `json:"indexes,omitempty"`
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`
	// Model names the Go struct for messages, such as "app.User".
	Model string `json:"model,omitempty"`
	// Deleted is the column that marks a row as deleted and leaves it in the table; nil:
	// deleting removes it.
	Deleted *Column `json:"-"`
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
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Nullable bool   `json:"nullable,omitempty"`
	// Auto: the server makes the value of this integer key.
	Auto bool `json:"auto,omitempty"`
	// Default is the literal that the server puts in when the column is left out; nil
	// for none.
	Default *Literal `json:"default,omitempty"`
	// Server is the expression by which the server gives the column a value when it is
	// left out; nil for none.
	Server PerBackend `json:"server,omitempty"`
	// Generated is the expression that the column always has as its value; nil for a
	// plain column.
	Generated PerBackend `json:"generated,omitempty"`
	// Was is the column's former name, a hint for migrations; empty for none.
	Was string `json:"was,omitempty"`
	// Field names the Go field for messages, such as "User.Email".
	Field string `json:"field,omitempty"`
}

// A Literal is a constant of a column's kind, as written in a tag.
type Literal struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// A Unique is a constraint that no two rows have the same values in Columns.
type Unique struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// A Check is a condition that every row meets.
type Check struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
}

// An Index speeds up lookups by its terms.
type Index struct {
	Name  string `json:"name"`
	Terms []Term `json:"terms"`
	// Unique: no two rows have the same values in Terms.
	Unique bool `json:"unique,omitempty"`
	// Where is the condition of a partial index; empty for all rows.
	Where string `json:"where,omitempty"`
}

// A Term is what an index sorts by: a column, or an expression in its place.
type Term struct {
	Column string `json:"column,omitempty"`
	Expr   string `json:"expr,omitempty"`
	Desc   bool   `json:"desc,omitempty"`
}

// A ForeignKey says that the values of Columns are a key of another table.
type ForeignKey struct {
	Name       string   `json:"name"`
	Columns    []string `json:"columns"`
	RefTable   string   `json:"ref_table"`
	RefColumns []string `json:"ref_columns"`
	OnDelete   Action   `json:"on_delete,omitempty"`
	OnUpdate   Action   `json:"on_update,omitempty"`
	// Deferrable: the key is checked when the transaction commits.
	Deferrable bool `json:"deferrable,omitempty"`
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
