package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// A batch is what one transaction writes: few enough rows to keep the write lock short,
// enough to make the commit worth it.
const (
	batchFiles = 128
	batchBytes = 1 << 20
)

// An indexer brings the database in line with a tree.
type indexer struct {
	db       *spillway.DB
	fsys     fs.FS
	tree     *tree
	progress *progress

	old      map[string]*File    // files in the database, by path
	packages map[string]*Package // by import path; read only while batches are written

	mu       sync.Mutex
	problems []string
}

// An outcome is what became of the files of the tree.
type outcome struct {
	indexed, removed, unchanged int
	problems                    []string
}

// index reads the tree and writes what differs from the database.
func index(ctx context.Context, db *spillway.DB, fsys fs.FS, p *progress) (outcome, error) {
	x := &indexer{db: db, fsys: fsys, progress: p, old: map[string]*File{}, packages: map[string]*Package{}}
	// The database answers while the tree is walked.
	files := async.All(ctx, db, models.From(fileT))
	packages := async.All(ctx, db, models.From(packageT))
	var err error
	p.enter(stageScan)
	if x.tree, err = scan(ctx, fsys); err != nil {
		return outcome{}, err
	}
	if len(x.tree.files) == 0 {
		return outcome{}, &UsageError{errors.New("the source tree has no Go files")}
	}
	known, err := files.Await(ctx)
	if err != nil {
		return outcome{}, err
	}
	for _, f := range known {
		x.old[f.Path] = f
	}
	imported, err := packages.Await(ctx)
	if err != nil {
		return outcome{}, err
	}
	for _, p := range imported {
		x.packages[p.Path] = p
	}
	return x.run(ctx)
}

// run writes the difference.
func (x *indexer) run(ctx context.Context) (outcome, error) {
	changed, gone := x.compare()
	o := outcome{indexed: len(changed), removed: len(gone), unchanged: len(x.tree.files) - len(changed)}
	if len(changed) == 0 && len(gone) == 0 {
		return o, nil
	}
	x.progress.total.Store(int64(len(changed)))
	x.progress.enter(stageHead)
	if err := x.writePackages(ctx, changed); err != nil {
		return o, err
	}
	x.progress.enter(stageIndex)
	if err := x.writeFiles(ctx, changed); err != nil {
		return o, err
	}
	err := x.remove(ctx, gone)
	slices.Sort(x.problems)
	o.problems = x.problems
	return o, err
}

// compare returns the files that are new or changed, and the rows of those that are gone.
func (x *indexer) compare() (changed []foundFile, gone []*File) {
	left := maps.Clone(x.old)
	for _, f := range x.tree.files {
		old := left[f.path]
		delete(left, f.path)
		if old == nil || old.Size != f.size || !old.ModTime.Equal(f.modTime) {
			changed = append(changed, f)
		}
	}
	return changed, slices.Collect(maps.Values(left))
}

// workers is the number of goroutines that parse and write. More than processors, since
// each waits for the database now and then.
func workers() int { return max(8, 4*runtime.GOMAXPROCS(0)) }

// writePackages makes sure that every package that the files belong to or import has a
// row, so that the rows of files can point to it in any order.
func (x *indexer) writePackages(ctx context.Context, files []foundFile) error {
	heads := make([]*source, len(files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers())
	for i, f := range files {
		g.Go(func() (err error) {
			if gctx.Err() != nil {
				return context.Cause(gctx)
			}
			heads[i], err = parse(x.fsys, f, true)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	names := map[string]map[string]int{} // path → package clause → how often
	for _, s := range heads {
		p := s.packagePath(x.tree)
		if names[p] == nil {
			names[p] = map[string]int{}
		}
		names[p][s.clause]++
		for _, i := range s.imports {
			if p := x.tree.resolve(path.Dir(s.path), i.path); names[p] == nil {
				names[p] = map[string]int{}
			}
		}
	}
	session := x.db.AsyncSession()
	defer session.Close()
	for _, p := range slices.Sorted(maps.Keys(names)) {
		name, row := mostFrequent(names[p]), x.packages[p]
		switch {
		case row == nil:
			row = &Package{Path: p, Name: name}
			x.packages[p] = row
		case row.Name == "" && name != "": // so far only imported
			row.Name = name
		default:
			continue
		}
		session.Add(row)
	}
	return session.Commit(ctx).Wait(ctx)
}

// mostFrequent returns the key with the highest count, of several the first by name, or
// nothing.
func mostFrequent(counts map[string]int) (best string) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || counts[name] > counts[best] {
			best = name
		}
	}
	return best
}

// writeFiles parses and writes batches with many goroutines.
func (x *indexer) writeFiles(ctx context.Context, files []foundFile) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []foundFile)
	g.Go(func() error {
		defer close(batches)
		for batch := range inBatches(files) {
			select {
			case batches <- batch:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range workers() {
		g.Go(func() error { return x.work(ctx, batches) })
	}
	return g.Wait()
}

// inBatches cuts files into batches.
func inBatches(files []foundFile) func(yield func([]foundFile) bool) {
	return func(yield func([]foundFile) bool) {
		for len(files) > 0 {
			n, bytes := 0, int64(0)
			for n < len(files) && n < batchFiles && (n == 0 || bytes+files[n].size <= batchBytes) {
				bytes += files[n].size
				n++
			}
			if !yield(files[:n]) {
				return
			}
			files = files[n:]
		}
	}
}

// work parses and writes batches until there are no more. While the database commits
// one, the next is parsed.
func (x *indexer) work(ctx context.Context, batches <-chan []foundFile) (err error) {
	var last *writing
	defer func() { err = errors.Join(err, last.wait(ctx)) }()
	for batch := range batches {
		sources := make([]*source, len(batch))
		for i, f := range batch {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if sources[i], err = parse(x.fsys, f, false); err != nil {
				return err
			}
		}
		if err := last.wait(ctx); err != nil {
			last = nil
			return err
		}
		if last, err = x.write(ctx, sources); err != nil {
			return err
		}
	}
	return nil
}

// A writing is a batch whose commit is under way.
type writing struct {
	session      *async.Session
	commit       *async.Future[struct{}]
	progress     *progress
	files, names int
}

// wait ends the batch. A nil one has ended.
func (w *writing) wait(ctx context.Context) error {
	if w == nil {
		return nil
	}
	err := w.commit.Wait(ctx)
	w.session.Close()
	if err == nil {
		w.progress.done.Add(int64(w.files))
		w.progress.declarations.Add(int64(w.names))
	}
	return err
}

// write adds a batch to a session of its own and starts its commit.
func (x *indexer) write(ctx context.Context, sources []*source) (_ *writing, err error) {
	w := &writing{session: x.db.AsyncSession(), progress: x.progress, files: len(sources)}
	defer func() {
		if err != nil {
			w.session.Close()
		}
	}()
	var stale []int64
	rows := make([]*File, len(sources))
	for i, s := range sources {
		if old := x.old[s.path]; old != nil {
			stale = append(stale, old.ID)
		}
		id, err := x.packageID(s, s.packagePath(x.tree))
		if err != nil {
			return nil, err
		}
		rows[i] = &File{
			PackageID: id, Path: s.path, Test: s.test(),
			Size: s.size, Lines: s.lines, ModTime: s.modTime,
		}
		if s.problem != "" {
			rows[i].Problem = &s.problem
			x.report(s.path + ": " + s.problem)
		}
	}
	if len(stale) > 0 {
		if err := deleteFiles(ctx, w.session, stale); err != nil {
			return nil, err
		}
	}
	for _, f := range rows {
		w.session.Add(f)
	}
	// The keys of the files are needed before their declarations can be added.
	if err := w.session.Flush(ctx).Wait(ctx); err != nil {
		return nil, err
	}
	for i, s := range sources {
		for _, d := range s.declarations {
			d.FileID = rows[i].ID
			w.session.Add(d)
		}
		w.names += len(s.declarations)
		imports, err := x.imports(s, rows[i].ID)
		if err != nil {
			return nil, err
		}
		for _, row := range imports {
			w.session.Add(row)
		}
	}
	w.commit = w.session.Commit(ctx)
	return w, nil
}

// packageID is the key of a package that s belongs to or imports. It is there unless the
// file was written to after its imports were read.
func (x *indexer) packageID(s *source, path string) (int64, error) {
	if p := x.packages[path]; p != nil {
		return p.ID, nil
	}
	return 0, fmt.Errorf("%s was changed while it was indexed; run again", s.path)
}

// imports returns the rows for a file's imports. A package that is imported twice counts
// once.
func (x *indexer) imports(s *source, file int64) (rows []*Import, err error) {
	seen := map[int64]bool{}
	for _, i := range s.imports {
		id, err := x.packageID(s, x.tree.resolve(path.Dir(s.path), i.path))
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			rows = append(rows, &Import{FileID: file, PackageID: id, Alias: i.alias, Line: i.line})
		}
	}
	return rows, nil
}

func (x *indexer) report(problem string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.problems = append(x.problems, strings.Join(strings.Fields(problem), " "))
}

// remove deletes the files that are gone, and the packages that nothing refers to since.
func (x *indexer) remove(ctx context.Context, gone []*File) error {
	if len(x.old) == 0 {
		return nil // all is new, nothing can be left over
	}
	session := x.db.AsyncSession()
	defer session.Close()
	for batch := range slices.Chunk(gone, 1000) {
		ids := make([]int64, len(batch))
		for i, f := range batch {
			ids[i] = f.ID
		}
		if err := deleteFiles(ctx, session, ids); err != nil {
			return err
		}
	}
	if err := async.Exec(ctx, session, models.Raw[int64](deleteOrphans)).Wait(ctx); err != nil {
		return fmt.Errorf("removing packages that are gone: %w", err)
	}
	return session.Commit(ctx).Wait(ctx)
}
