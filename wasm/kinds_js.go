package wasm

import (
	"errors"

	"github.com/spillwaydb/spillway"
)

// kinds are the errors of package spillway that a program tells apart, by name. Where
// several fit, the first counts.
var kinds = []struct {
	name string
	err  error
}{
	{"ErrConfig", spillway.ErrConfig},
	{"ErrOutcomeUnknown", spillway.ErrOutcomeUnknown},
	{"ErrSessionBusy", spillway.ErrSessionBusy},
	{"ErrUnique", spillway.ErrUnique},
	{"ErrForeignKey", spillway.ErrForeignKey},
	{"ErrNotNull", spillway.ErrNotNull},
	{"ErrCheck", spillway.ErrCheck},
	{"ErrSerialization", spillway.ErrSerialization},
	{"ErrDeadlock", spillway.ErrDeadlock},
	{"ErrBusy", spillway.ErrBusy},
	{"ErrLockTimeout", spillway.ErrLockTimeout},
	{"ErrReadOnly", spillway.ErrReadOnly},
	{"ErrConnectionLost", spillway.ErrConnectionLost},
	{"ErrConnect", spillway.ErrConnect},
	{"ErrAuth", spillway.ErrAuth},
	{"ErrNoDatabase", spillway.ErrNoDatabase},
	{"ErrTooMany", spillway.ErrTooMany},
	{"ErrSyntax", spillway.ErrSyntax},
	{"ErrNoTable", spillway.ErrNoTable},
	{"ErrNoColumn", spillway.ErrNoColumn},
	{"ErrExists", spillway.ErrExists},
	{"ErrValue", spillway.ErrValue},
	{"ErrDecode", spillway.ErrDecode},
	{"ErrTxAborted", spillway.ErrTxAborted},
	{"ErrCorrupt", spillway.ErrCorrupt},
	{"ErrFull", spillway.ErrFull},
	{"ErrNotFound", spillway.ErrNotFound},
	{"ErrMultiple", spillway.ErrMultiple},
	{"ErrStale", spillway.ErrStale},
	{"ErrInvalid", spillway.ErrInvalid},
	{"ErrSessionClosed", spillway.ErrSessionClosed},
	{"ErrTimeout", spillway.ErrTimeout},
	{"ErrQueueFull", spillway.ErrQueueFull},
	{"ErrClosed", spillway.ErrClosed},
	{"ErrPoolDeadlock", spillway.ErrPoolDeadlock},
	{"ErrCanceled", spillway.ErrCanceled},
	{"ErrNotStarted", spillway.ErrNotStarted},
}

// kindOf returns the name of err's kind, or "".
func kindOf(err error) string {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return ""
}
