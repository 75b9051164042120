package opfs

import (
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/promise"
)

var (
	// ErrUnavailable: this place has no file system for SQLite. The error that wraps it
	// says what is missing.
	ErrUnavailable = errors.New("opfs: this place has no durable storage")
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

// refusal makes the answer that SQLite gets for a file that can not be opened. Its kind
// matters: those used here tell the pool that trying again is of no use.
func refusal(kind driver.Kind, message, hint string, err error) error {
	return vfs.SystemError(&driver.Error{
		Kind: kind, Code: "SQLITE_CANTOPEN", Message: message, Hint: hint, Err: err,
	}, sqlite3.CANTOPEN)
}

// inUse is the refusal of a file that is open elsewhere.
func inUse(name, where, hint string) error {
	return refusal(driver.ErrBusy, fmt.Sprintf("%q %s", name, where), hint, ErrInUse)
}

// openError says what a failed open means and what to do.
func openError(name string, err error) error {
	switch {
	case errors.Is(err, ErrUnavailable):
		return refusal(driver.ErrNoDatabase, err.Error(), "", err)
	case isNamed(err, nameNoModification):
		return inUse(name, "is already open in another tab", "close it there and try again")
	case isNamed(err, nameNotFound):
		return refusal(driver.ErrNoDatabase, fmt.Sprintf("there is no file %q", name), "", err)
	case isNamed(err, nameTypeMismatch):
		return refusal(driver.ErrNoDatabase, fmt.Sprintf("%q is a directory, or lies in what is none", name), "choose another name", err)
	case isNamed(err, nameTypeError):
		return refusal(driver.ErrNoDatabase, fmt.Sprintf("the browser does not allow the name %q", name), "choose another name", err)
	}
	return fail(name, "open", err, sqlite3.CANTOPEN)
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
