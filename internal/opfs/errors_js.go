package opfs

import (
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/spillwaydb/spillway/internal/promise"
)

var (
	// ErrUnavailable: this place has no file system for SQLite. The error that wraps it
	// says what is missing.
	ErrUnavailable = errors.New("opfs: no durable storage here")
	// ErrInUse: the database is open elsewhere.
	ErrInUse = errors.New("opfs: database is in use")
)

// Names of DOMExceptions, https://webidl.spec.whatwg.org/#idl-DOMException-error-names.
const (
	nameNotFound       = "NotFoundError"
	nameNoModification = "NoModificationAllowedError"
	nameQuota          = "QuotaExceededError"
	nameTypeMismatch   = "TypeMismatchError"
	nameTypeError      = "TypeError"
)

// isNamed reports whether err was thrown by JavaScript under that name.
func isNamed(err error, name string) bool {
	e, ok := errors.AsType[*promise.Error](err)
	return ok && e.Name == name
}

// fail makes the answer that SQLite gets for err: a full disk is SQLITE_FULL whatever was
// being done, anything else is code. The text of err reaches the application.
func fail[T interface{ ~uint8 | ~uint16 }](name, doing string, err error, code T) error {
	err = fmt.Errorf("opfs: can not %s %q: %w", doing, name, err)
	if isNamed(err, nameQuota) {
		return vfs.SystemError(err, sqlite3.FULL)
	}
	return vfs.SystemError(err, code)
}
