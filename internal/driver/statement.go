package driver

// Class says what a statement does, as far as its builder knows. Classification is by
// who built the statement, never by parsing its text.
type Class uint8

const (
	// Raw is text of unknown effect.
	Raw Class = iota
	// Read is a SELECT of the query builder: it changes nothing.
	Read
	// Write is an INSERT, UPDATE or DELETE of the query builder.
	Write
	// Schema is DDL.
	Schema
	// Begin opens a transaction.
	Begin
	// Commit ends a transaction and makes it last.
	Commit
	// Rollback ends a transaction and takes it back.
	Rollback
	// Savepoint sets, releases or returns to a savepoint.
	Savepoint
)

var classNames = [...]string{"raw", "read", "write", "schema", "begin", "commit", "rollback", "savepoint"}

// String returns the class as one lower-case word; it is a metric label.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "raw"
}

// Classes is the number of classes; a Class is an index below it.
const Classes = len(classNames)

// A Statement is one statement of a flight: its text with the backend's own
// placeholders ($1 on Postgres, ?1 on SQLite), its arguments, and, after the flight,
// its answer.
type Statement struct {
	SQL   string
	Args  []Value
	Class Class
	// Foreign: it calls functions of which its builder knows nothing but the name. So it
	// may do more than its Class says, and is neither repeated nor sent among others.
	Foreign bool
	// Sink takes the rows; nil drops them.
	Sink Sink
	// Copy are rows to take in; SQL then only names the statement in logs. Such a
	// statement is alone in its flight. All rows are taken in, or none.
	Copy *Copy

	// Affected is the number of rows that the statement changed, or returned if it
	// changes none.
	Affected int64
	// Err is what became of the statement: nil only if it was carried out.
	Err error
}

// A Column describes one column of a result.
type Column struct {
	Name string
	// Type is the backend's own name of the type, such as "int8" or "TEXT"; empty for
	// an expression without one.
	Type string
}

// A Sink takes the rows of one statement. It runs while the connection is being read,
// so it must be quick and must not wait.
type Sink interface {
	// Begin is called once before the rows, also if there are none. It may be called
	// again when the flight is sent again; then all rows come again.
	Begin(cols []Column) error
	// Row is called for each row.
	Row(r Row) error
}
