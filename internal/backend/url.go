package backend

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spillwaydb/spillway/internal/driver/sqlite"
)

// Scheme returns the scheme of a URL in lower case, without a driver behind a plus sign,
// and what follows the colon.
func Scheme(raw string) (scheme, rest string, err error) {
	scheme, rest, ok := strings.Cut(raw, ":")
	if !ok || scheme == "" || strings.ContainsAny(scheme, "/\\?#@ ") {
		return "", "", fmt.Errorf("database URL has no scheme; write %s", forms())
	}
	if len(scheme) == 1 && rest != "" && strings.ContainsAny(rest[:1], `\/`) && !strings.HasPrefix(rest, "//") { // C:\app.db
		return "", "", fmt.Errorf("database URL looks like a path; write sqlite:%s", raw)
	}
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	return scheme, rest, nil
}

// forms lists what this build can open, for messages.
func forms() string {
	var out []string
	for _, b := range table {
		out = append(out, b.form)
	}
	return strings.Join(out, " or ")
}

// refusals say why a scheme that people try is not there.
var refusals = map[string]string{
	"mysql":   "MySQL is not supported",
	"mariadb": "MariaDB is not supported",
	"mongodb": "NoSQL databases are not supported",
	"redis":   "NoSQL databases are not supported",
	"file":    "a file URL does not name its kind of database",
}

func unknown(scheme string) error {
	if why, ok := refusals[scheme]; ok {
		return fmt.Errorf("%s: use %s", why, forms())
	}
	return fmt.Errorf("unknown database scheme %q: use %s", scheme, forms())
}

// parseSQLite reads what follows "sqlite:".
func parseSQLite(rest string) (sqlite.Config, error) {
	var cfg sqlite.Config
	path, query, _ := strings.Cut(rest, "?")
	if authority, ok := strings.CutPrefix(path, "//"); ok {
		host, p, found := strings.Cut(authority, "/")
		switch {
		case host == ":memory:" && !found:
			p = host
		case host != "":
			host = host[strings.LastIndexByte(host, '@')+1:] // without a password
			return cfg, fmt.Errorf("database URL names a host (%q), but SQLite has none: write sqlite:///app.db for a relative path, sqlite:////var/app.db for an absolute one", host)
		}
		path = p
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return cfg, fmt.Errorf("database URL: %w", err)
	}
	if path == "" || path == ":memory:" {
		cfg.Memory = true
	} else {
		cfg.Path = path
	}
	return cfg, parameters(&cfg, query)
}

// parameters reads the part behind the question mark.
func parameters(cfg *sqlite.Config, query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	for _, name := range slices.Sorted(keys(values)) {
		v := values.Get(name)
		bad := func(want string) error {
			return fmt.Errorf("database URL: %s=%s: want %s", name, v, want)
		}
		switch name {
		case "synchronous":
			level := slices.IndexFunc(levels, func(l sqlite.Synchronous) bool { return strings.EqualFold(l.String(), v) })
			if level < 0 {
				return bad("full, extra, normal or off")
			}
			cfg.Synchronous = levels[level]
		case "busy_timeout":
			if cfg.BusyTimeout, err = time.ParseDuration(v); err != nil {
				return bad("a duration such as 5s")
			}
		case "mode":
			switch v {
			case "ro":
				cfg.ReadOnly = true
			case "rw", "rwc":
			case "memory":
				cfg.Memory, cfg.Path = true, ""
			default:
				return bad("ro, rw, rwc or memory")
			}
		default:
			return fmt.Errorf("database URL: unknown parameter %q: SQLite takes synchronous, busy_timeout and mode", name)
		}
	}
	return nil
}

var levels = []sqlite.Synchronous{sqlite.Full, sqlite.Extra, sqlite.Normal, sqlite.Off}

func keys(v url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range v {
			if !yield(k) {
				return
			}
		}
	}
}
