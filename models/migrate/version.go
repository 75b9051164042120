package migrate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// versionLayout is how a version is made of a time.
const versionLayout = "20060102150405"

// A Version names a revision: the number in front of a file's name. What this project
// writes is a UTC time as YYYYMMDDHHMMSS; files of others may count from 1. Zero is the
// state before the first file.
type Version int64

// Base is the state before the first file.
const Base Version = 0

// NewVersion makes the version of a file that is written at t, but never one at or below
// after, so that files made within one second keep their order.
func NewVersion(t time.Time, after Version) Version {
	n, _ := strconv.ParseInt(t.UTC().Format(versionLayout), 10, 64) // digits only
	if v := Version(n); v > after {
		return v
	}
	if at, err := time.Parse(versionLayout, after.String()); err == nil {
		return NewVersion(at.Add(time.Second), after)
	}
	return after + 1
}

// ParseVersion reads a version as String writes it, or the name of a file that begins
// with one. "base" and "0" are [Base].
func ParseVersion(s string) (Version, error) {
	digits, _, _ := strings.Cut(s, "_")
	digits = strings.TrimSuffix(digits, ".sql")
	if s == "base" {
		return Base, nil
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("migrate: %q is no revision: want the number in front of a file's name, such as 20260102150405, or base", s)
	}
	return Version(n), nil
}

// String returns the digits; "base" for [Base].
func (v Version) String() string {
	if v == Base {
		return "base"
	}
	return strconv.FormatInt(int64(v), 10)
}

// FileName returns the name of the file for v: its digits and the words of message in
// lower case, as 20260102150405_add_users.sql. What can not stand in a name becomes "_".
func (v Version) FileName(message string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(message) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			r = '_'
		}
		if r == '_' && (b.Len() == 0 || strings.HasSuffix(b.String(), "_")) {
			continue
		}
		if b.Len() == 60 { // names of files are bounded
			break
		}
		b.WriteRune(r)
	}
	words := strings.Trim(b.String(), "_")
	if words == "" {
		words = "migration"
	}
	return strconv.FormatInt(int64(v), 10) + "_" + words + ".sql"
}
