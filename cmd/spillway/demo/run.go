package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// Run does what the package comment says. An error is a *[UsageError] when the options
// are at fault.
func Run(ctx context.Context, o Options) (err error) {
	start := time.Now()
	if o.URL == "" {
		o.URL = DefaultURL
	}
	if o.Method == "" {
		o.Method = "String"
	}
	source, err := sourceOf(ctx, o.Source)
	if err != nil {
		return err
	}
	var ln net.Listener
	if o.Listen != "" {
		if ln, err = listen(ctx, o.Listen); err != nil {
			return err
		}
		defer ln.Close() // a second time after serving, which does nothing
	}
	db, err := spillway.Open(ctx, spillway.Config{URL: o.URL, Size: o.Size, Overflow: o.Overflow})
	if err != nil {
		return &UsageError{err} // the command line names a database that can not be used
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	root, err := os.OpenRoot(source)
	if err != nil {
		return fmt.Errorf("source tree: %w", err)
	}
	defer root.Close()
	r := &runner{options: o, db: db, source: source, tree: root.FS(), start: start}
	return r.run(ctx, ln)
}

// sourceOf is the tree to index.
func sourceOf(ctx context.Context, dir string) (string, error) {
	named := dir != ""
	if !named {
		var err error
		if dir, err = standardLibrary(ctx); err != nil {
			return "", err
		}
	}
	dir, err := openTree(dir)
	if err != nil && named {
		err = &UsageError{err}
	}
	return dir, err
}

// A runner is one run under way.
type runner struct {
	options  Options
	db       *spillway.DB
	source   string
	tree     fs.FS
	start    time.Time
	progress progress
}

// run does the work and prints the report. With a listener it serves from the start on,
// and after the report until ctx ends, which is then no error.
func (r *runner) run(ctx context.Context, ln net.Listener) error {
	background, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()

	database, err := r.database(ctx)
	if err != nil {
		return err
	}
	m := newMonitor(r.db.Stats, &r.progress)
	wg.Go(func() { m.run(background) })

	var page *site
	served := make(chan error, 1)
	if ln != nil {
		page = &site{
			store: &store{r.db}, monitor: m, tree: r.tree, source: r.source, database: database,
			quit: background, loadTime: loadTime,
		}
		handler, err := page.handler()
		if err != nil {
			return err
		}
		wg.Go(func() { served <- serve(background, ln, handler) })
	}

	report, err := r.work(ctx, m)
	if err != nil {
		return err
	}
	report.Database = database
	if r.options.JSON {
		err = report.WriteJSON(r.options.Stdout)
	} else {
		err = report.WriteText(r.options.Stdout, r.options.Report)
	}
	if err != nil || page == nil {
		return err
	}
	page.report.Store(report)
	r.progress.enter(stageDone)
	fmt.Fprintf(r.options.Stderr, "\nServing %s until interrupted.\n", address(ln))
	return <-served
}

// address is where a browser on this machine finds the page.
func address(ln net.Listener) string {
	host, port, err := net.SplitHostPort(ln.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// work indexes and asks, showing its progress meanwhile.
func (r *runner) work(ctx context.Context, m *monitor) (*Report, error) {
	shown, hide := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.progress.show(shown, r.options.Stderr, r.options.Progress, r.db.Stats) })
	defer wg.Wait()
	defer hide()

	if err := r.db.CreateTables(ctx); err != nil {
		return nil, err
	}
	begin := time.Now()
	o, err := index(ctx, r.db, r.tree, &r.progress)
	if err != nil {
		return nil, err
	}
	indexed := time.Now()
	r.progress.enter(stageAsk)
	counted := (&store{r.db}).count(ctx)
	answers, err := ask(ctx, r.db, r.options.Method)
	if err != nil {
		return nil, err
	}
	n, err := counted.Await(ctx)
	if err != nil {
		return nil, err
	}
	asked := time.Now()

	s := r.db.Stats()
	used, waiting := m.most()
	return &Report{
		Source: r.source, Backend: s.Backend,
		Packages: n.Packages, Files: n.Files, Declarations: n.Declarations, Imports: n.Imports,
		Indexed: o.indexed, Removed: o.removed, Unchanged: o.unchanged, Problems: o.problems,
		RowsWritten: s.RowsAffected, Statements: s.Statements, Commits: s.Commits,
		Seconds:      roundSeconds(asked.Sub(r.start)),
		IndexSeconds: roundSeconds(indexed.Sub(begin)), QuestionSeconds: roundSeconds(asked.Sub(indexed)),
		Answers: answers,
		Pool: Pool{
			Size: s.Size, Overflow: s.Overflow, Operations: s.Submitted, Failed: s.Failed,
			RowsRead: s.RowsRead, Flights: s.Flights, Connects: s.Connects,
			MostUsed: max(used, s.Used), MostWaiting: waiting,
			WaitP50: milliseconds(s.Wait.Quantile(0.5)), WaitP99: milliseconds(s.Wait.Quantile(0.99)),
			ExecutionP50: milliseconds(s.Execution.Quantile(0.5)), ExecutionP99: milliseconds(s.Execution.Quantile(0.99)),
		},
	}, nil
}

func roundSeconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// database names the database for the report: a file by its whole path, a server by the
// URL without password and parameters.
func (r *runner) database(ctx context.Context) (string, error) {
	if r.db.Stats().Backend != "sqlite" {
		u, err := url.Parse(r.options.URL)
		if err != nil {
			return "", errors.New("the URL of the database can not be read") // it was, by the driver
		}
		if u.User != nil {
			u.User = url.User(u.User.Username())
		}
		u.RawQuery = ""
		return u.String(), nil
	}
	file, err := async.One(ctx, r.db, models.Raw[string](mainFileSQL).ReadOnly()).Await(ctx)
	if err != nil {
		return "", err
	}
	if file == "" {
		return ":memory:", nil
	}
	return file, nil
}

// SQLite knows the whole path (https://www.sqlite.org/pragma.html#pragma_database_list).
const mainFileSQL = `SELECT file FROM pragma_database_list WHERE name = 'main'`
