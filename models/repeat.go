package models

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// repeatWithin is the time within which a query has to be repeated: a loop does it at
	// once, a session that looks now and then is none.
	repeatWithin = 10 * time.Second
	// maxRepeats bounds the texts that a unit remembers.
	maxRepeats = 128
)

// repeat counts how often a unit has asked the same.
type repeat struct {
	n     int
	since time.Time // of the first
}

// A watcher is Connections that want to hear of loops: a *pool.Pool.
type watcher interface {
	RepeatAfter() int
	Repeated(owner, at, sql string)
}

// asked counts a query that was sent to the database. A loop that asks for each row by
// itself (N+1 queries) sends the same text again and again, where one query, or one load of
// a relation, would do; whoever runs the session is told once.
func (u *Unit) asked(sql string) {
	w := u.e.watcher
	if w == nil {
		return
	}
	after := w.RepeatAfter()
	r, known := u.repeats[sql]
	if !known {
		if u.repeats == nil || len(u.repeats) >= maxRepeats {
			u.repeats = make(map[string]repeat)
		}
		r.since = time.Now()
	}
	if r.n++; r.n == after {
		if time.Since(r.since) > repeatWithin {
			r = repeat{n: 1, since: time.Now()}
		} else {
			w.Repeated(u.options.Label, callSite(), sql)
		}
	}
	u.repeats[sql] = r
}

// callSite is the line of the program that has called the library, "" if its goroutine is not
// the one that is running: an async session has one of its own.
func callSite() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !ours(f.Function) && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// ours reports whether a function is part of the library, its tests aside.
func ours(function string) bool {
	const module = "github.com/spillwaydb/spillway"
	rest, ok := strings.CutPrefix(function, module)
	if !ok {
		return false
	}
	path, _, _ := strings.Cut(rest, "[") // type arguments have paths of their own
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		path = path[i+1:]
	}
	pkg, _, _ := strings.Cut(strings.TrimPrefix(path, "."), ".")
	switch {
	case rest[0] == '.':
		return true
	case strings.HasSuffix(pkg, "_test"):
		return false
	}
	switch pkg {
	case "models", "async", "pool", "link", "sqlite", "postgres", "fake":
		return true
	}
	return false
}
