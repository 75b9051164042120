package main

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/wasm"
)

// A Note is a row.
type Note struct {
	models.Model
	Title string `db:",unique"`
	Size  int64
	Added time.Time `db:",created"`
}

var noteT = models.Register[Note]()

// db is the open database.
var db *spillway.DB

func main() {
	for name, fn := range map[string]wasm.Func{
		"openDatabase": open, "closeDatabase": shut, "add": add, "list": list, "count": count,
		"fail": fail, "slow": slow, "fill": fill, "write": write, "check": check,
	} {
		wasm.Export(name, fn)
	}
	js.Global().Call("ready")
	select {} // the program lives as long as its worker
}

// open opens the database at a URL and makes its table.
func open(ctx context.Context, args []js.Value) (any, error) {
	opened, err := spillway.Open(ctx, spillway.Config{URL: args[0].String()})
	if err != nil {
		return nil, err
	}
	if err := opened.CreateTables(ctx); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	db = opened
	return struct{}{}, nil
}

func shut(context.Context, []js.Value) (any, error) { return struct{}{}, db.Close() }

// add stores a note with one session: a unit of work whose commit is a future.
func add(ctx context.Context, args []js.Value) (any, error) {
	s := db.AsyncSession()
	defer s.Close()
	n := models.New[Note]()
	n.Title = args[0].String()
	s.Add(n)
	if err := s.Commit(ctx).Wait(ctx); err != nil {
		return nil, err
	}
	return n.ID, nil
}

// list hands the promise of a future to JavaScript.
func list(ctx context.Context, _ []js.Value) (any, error) {
	return wasm.Promise(async.All(ctx, db, models.From(noteT).OrderBy(models.Asc(&noteT.ID)).Limit(10))), nil
}

func count(ctx context.Context, _ []js.Value) (any, error) {
	return async.Count(ctx, db, models.From(noteT)).Await(ctx)
}

// fail runs a statement that can not succeed.
func fail(ctx context.Context, _ []js.Value) (any, error) {
	return wasm.Promise(async.Exec(ctx, db, models.Raw[int64]("INSERT INTO nowhere VALUES (1)"))), nil
}

// slow runs a statement that does not end by itself, with a deadline.
func slow(ctx context.Context, args []js.Value) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(args[0].Int())*time.Millisecond)
	defer cancel()
	return models.One(ctx, db, models.Raw[int64]("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"))
}

// fill adds n notes in one transaction.
func fill(ctx context.Context, args []js.Value) (any, error) {
	s := db.Session()
	defer s.Close()
	for i := range args[1].Int() {
		n := models.New[Note]()
		n.Title, n.Size = fmt.Sprint("filled ", args[0].String(), " ", i), int64(i)
		s.Add(n)
	}
	return struct{}{}, s.Commit(ctx)
}

// write adds up to n notes, each in a transaction of its own, and tells the page how many
// are acknowledged.
func write(ctx context.Context, args []js.Value) (any, error) {
	for i := range args[1].Int() {
		n := models.New[Note]()
		n.Title = fmt.Sprint(args[0].String(), " ", i+1)
		if err := models.Create(ctx, db, n); err != nil {
			return nil, err
		}
		js.Global().Call("postMessage", map[string]any{"type": "progress", "value": i + 1})
	}
	return struct{}{}, nil
}

// check asks SQLite whether the file is sound.
func check(ctx context.Context, _ []js.Value) (any, error) {
	return models.One(ctx, db, models.Raw[string]("PRAGMA integrity_check"))
}
