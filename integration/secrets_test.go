package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/metrics"
	"github.com/spillwaydb/spillway/models"
)

// A secret has a column of every kind; all its values are canaries.
type secret struct {
	models.Model
	Name    string `db:",unique"`
	Note    *string
	Data    []byte
	Number  int64
	Ratio   float64
	Born    time.Time
	Span    time.Duration
	Key     [16]byte
	Doc     json.RawMessage
	Tags    map[string]string `db:",json"`
	EntryID *int64            `db:",fk=entries.id"`
}

var secretT = models.Register[secret]()

// canaries are the texts, in lower case, that must not be seen: of the password, and of
// each value in the forms in which something might print it.
var canaries = []string{
	"canary", "63616e617279", "y2fuyxj5", // as it is, in hexadecimal, in base64
	"7730194452118", "6.02214076", "1887-03-09", "3141592653589", "52m21", "c0ffee11", "294277", "18446744073709550001",
}

func newSecret(name string) *secret {
	note := "Canary_note_zq81"
	return &secret{
		Name: name, Note: &note, Data: []byte("canary-bytes"), Number: 7730194452118, Ratio: 6.02214076123,
		Born: time.Date(1887, 3, 9, 1, 2, 3, 0, time.UTC), Span: 3141592653589, Key: [16]byte{0xc0, 0xff, 0xee, 0x11},
		Doc: json.RawMessage(`{"canary":"canary-doc"}`), Tags: map[string]string{"canary-key": "canary-value"},
	}
}

// watchman looks for canaries in everything that is shown.
type watchman struct {
	t      *testing.T
	mu     sync.Mutex
	log    bytes.Buffer
	errors int
	kinds  map[string]int
}

func newWatchman(t *testing.T) *watchman { return &watchman{t: t, kinds: map[string]int{}} }

// Write takes log lines.
func (w *watchman) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// text looks at one text and reports whether it shows nothing.
func (w *watchman) text(what, text string) bool {
	w.t.Helper()
	low := strings.ToLower(text)
	for _, c := range canaries {
		if strings.Contains(low, c) {
			w.t.Errorf("%s shows %s: %s", what, c, text)
			return false
		}
	}
	return true
}

// failed looks at an error, which must be one, and at all that it wraps except for the
// native errors of a database, which may hold details.
func (w *watchman) failed(what string, err error) {
	w.t.Helper()
	if err == nil {
		w.t.Errorf("%s: no error", what)
		return
	}
	w.errors++
	var e *spillway.Error
	if errors.As(err, &e) {
		w.kinds[string(e.Kind)]++
	}
	if !w.text(what, err.Error()) || !w.text(what+" (%+v)", fmt.Sprintf("%+v", err)) {
		return
	}
	var walk func(err error)
	walk = func(err error) {
		typ := reflect.TypeOf(err)
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if ours(typ) {
			_ = w.text(what+" (%v of "+typ.String()+")", err.Error()) &&
				w.text(what+" (%#v of "+typ.String()+")", fmt.Sprintf("%#v", err))
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			if next := u.Unwrap(); next != nil {
				walk(next)
			}
		case interface{ Unwrap() []error }:
			for _, next := range u.Unwrap() {
				walk(next)
			}
		}
	}
	walk(err)
}

// ours reports whether a type of error is of this module, or of those that its packages
// wrap with.
func ours(typ reflect.Type) bool {
	pkg := typ.PkgPath()
	return strings.HasPrefix(pkg, "github.com/spillwaydb/") || pkg == "fmt" || pkg == "errors"
}

// ok wants no error.
func (w *watchman) ok(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
}

func only[T any](_ T, err error) error { return err }

func TestSecretsStaySecret(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		ctx := t.Context()
		w := newWatchman(t)
		logger := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
		old := slog.Default()
		slog.SetDefault(logger)
		defer slog.SetDefault(old)

		db, err := spillway.Open(ctx, spillway.Config{URL: url, Echo: true, EchoPool: true, Logger: logger, LeakAfter: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		w.ok("CreateTables", db.CreateTables(ctx))
		w.verbs(ctx, db)
		w.sessions(ctx, db)
		w.futures(ctx, db)
		w.mistakes(ctx, db)
		w.raw(ctx, db)
		if strings.HasPrefix(url, "postgres") {
			w.postgres(ctx, db)
			w.connecting(ctx, url)
		} else {
			w.sqlite(ctx, db)
		}
		w.text("Stats", fmt.Sprintf("%+v", db.Stats()))
		w.text("DB", fmt.Sprintf("%v %+v", db, db))
		w.metrics(db)
		w.ok("Close", db.Close())
		w.failed("after Close", models.Create(ctx, db, newSecret("canary-late")))

		w.mu.Lock()
		defer w.mu.Unlock()
		lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
		for _, line := range lines {
			w.text("log", line)
		}
		t.Logf("%d errors of the kinds %v and %d log lines show nothing", w.errors, w.kinds, len(lines))
		if len(lines) < 100 || !strings.Contains(w.log.String(), "INSERT INTO") || !strings.Contains(w.log.String(), "connection opened") {
			t.Error("echo and echo_pool have not logged")
		}
		for _, kind := range []error{
			spillway.ErrUnique, spillway.ErrForeignKey, spillway.ErrNotNull, spillway.ErrCheck, spillway.ErrSyntax,
			spillway.ErrNoTable, spillway.ErrNoColumn, spillway.ErrExists, spillway.ErrDecode, spillway.ErrValue,
		} {
			if w.kinds[kind.Error()] == 0 {
				t.Errorf("no error of the kind %q was seen", kind)
			}
		}
	})
}

// verbs uses every verb on the database itself.
func (w *watchman) verbs(ctx context.Context, db *spillway.DB) {
	x := newSecret("canary-one")
	w.ok("Create", models.Create(ctx, db, x))
	w.ok("Insert", only(models.Exec(ctx, db, models.Insert(newSecret("canary-two"), newSecret("canary-three")))))
	mine := models.From(secretT).Where(models.HasPrefix(&secretT.Name, "canary-"))
	w.ok("All", only(models.All(ctx, db, mine.OrderBy(models.Asc(&secretT.Name)))))
	w.ok("First", only(models.First(ctx, db, mine)))
	w.ok("Count", only(models.Count(ctx, db, mine)))
	w.ok("Exists", only(models.Exists(ctx, db, mine)))
	w.ok("Get", only(models.Get[secret](ctx, db, x.ID)))
	w.ok("In", only(models.All(ctx, db, models.From(secretT).Where(models.In(&secretT.Number, 7730194452118, 1), models.Eq(&secretT.Key, x.Key), models.Le(&secretT.Born, x.Born)))))
	w.ok("Update", only(models.Exec(ctx, db, models.Update(secretT).Set(models.To(&secretT.Span, x.Span)).Where(models.Eq(&secretT.Name, x.Name)))))

	w.failed("Create twice", models.Create(ctx, db, newSecret("canary-one")))
	w.failed("Insert twice", only(models.Exec(ctx, db, models.Insert(newSecret("canary-new"), newSecret("canary-two")))))
	w.failed("Update twice", only(models.Exec(ctx, db, models.Update(secretT).Set(models.To(&secretT.Name, "canary-one")).Where(models.Eq(&secretT.Name, "canary-two")))))
	nobody := newSecret("canary-four")
	nobody.EntryID = &nobody.Number
	w.failed("foreign key", models.Create(ctx, db, nobody))
	w.failed("Get nothing", only(models.Get[secret](ctx, db, 7730194452118)))
	w.failed("Get by a wrong type", only(models.Get[secret](ctx, db, "canary-key")))
	w.failed("Get by a composite key", only(models.Get[secret](ctx, db, models.Key{"canary-key", 7730194452118})))
	w.failed("First of none", only(models.First(ctx, db, models.From(secretT).Where(models.Eq(&secretT.Name, "canary-none")))))
	w.failed("One of many", only(models.One(ctx, db, mine)))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	w.failed("canceled before", models.Create(gone, db, newSecret("canary-canceled")))
	w.failed("canceled before", only(models.All(gone, db, mine)))
}

// sessions does the same in a unit of work.
func (w *watchman) sessions(ctx context.Context, db *spillway.DB) {
	s := db.Session()
	x := newSecret("canary-session")
	s.Add(x)
	w.ok("Commit", s.Commit(ctx))
	x.Name = "canary-one"
	w.failed("Flush of a change", s.Flush(ctx))
	w.failed("Commit of a change", s.Commit(ctx))
	w.ok("Rollback", s.Rollback(ctx))
	s.Add(newSecret("canary-two"))
	w.failed("Commit of a new object", s.Commit(ctx))
	w.ok("Rollback", s.Rollback(ctx))
	w.failed("Create", models.Create(ctx, s, newSecret("canary-two")))
	x.Ratio = 6.0221407613
	w.ok("delete behind its back", only(models.Exec(ctx, db, models.Delete(secretT).Where(models.Eq(&secretT.ID, x.ID)))))
	w.failed("Commit of a stale object", s.Commit(ctx))
	w.failed("Delete of a stranger", func() error { s.Delete(newSecret("canary-stranger")); return s.Flush(ctx) }())
	s.Close()
	w.failed("closed", s.Commit(ctx))
	w.failed("closed", models.Create(ctx, s, newSecret("canary-closed")))
}

// futures does it once more with package async.
func (w *watchman) futures(ctx context.Context, db *spillway.DB) {
	s := db.AsyncSession()
	for _, h := range []async.Handle{db, s} {
		_, err := async.Create(ctx, h, newSecret("canary-one")).Await(ctx)
		w.failed("async.Create", err)
		_, err = async.Get[secret](ctx, h, 7730194452118).Await(ctx)
		w.failed("async.Get", err)
		_, err = async.All(ctx, h, models.Raw[int64]("SELECT name FROM secrets WHERE number = :n", models.Args{"n": int64(7730194452118)})).Await(ctx)
		w.failed("async.All", err)
		left := async.Create(ctx, h, newSecret("canary-left"))
		left.Cancel(nil)
		if _, err := left.Await(ctx); err != nil {
			w.failed("Cancel", err)
		}
	}
	s.Add(newSecret("canary-one"))
	_, err := s.Commit(ctx).Await(ctx)
	w.failed("async Commit", err)
	if err := s.Close(); err != nil {
		w.failed("async Close", err)
	}
}

// mistakes are found before anything is sent.
func (w *watchman) mistakes(ctx context.Context, db *spillway.DB) {
	exec := func(q models.Query[int64]) error { return only(models.All(ctx, db, q)) }
	type number struct{ N int8 }
	w.failed("no argument", exec(models.Raw[int64]("SELECT :a", models.Args{"b": "canary-b"})))
	w.failed("type of an argument", exec(models.Raw[int64]("SELECT :a", models.Args{"a": struct{ X string }{"canary-x"}})))
	w.failed("type of an argument", exec(models.Raw[int64]("SELECT :a", models.Args{"a": map[chan int]string{nil: "canary-x"}})))
	w.failed("unsigned", exec(models.Raw[int64]("SELECT :a", models.Args{"a": uint64(18446744073709550001)})))
	w.failed("Limit", only(models.All(ctx, db, models.From(secretT).Where(models.Eq(&secretT.Name, "canary-one")).Limit(-1))))
	w.failed("All of Update", only(models.All(ctx, db, models.Update(secretT).Set(models.To(&secretT.Name, "canary-one")))))
	w.failed("Update of everything", only(models.Exec(ctx, db, models.Update(secretT).Set(models.To(&secretT.Name, "canary-one")))))
	w.failed("Set of another table", only(models.Exec(ctx, db, models.Update(secretT).Set(models.To(&entryT.Token, "canary-one")).Everywhere())))
	bad := newSecret("canary-json")
	bad.Doc = json.RawMessage(`{"canary": canary-broken`)
	if err := models.Create(ctx, db, bad); err != nil { // SQLite stores it
		w.failed("no JSON", err)
	}
	bad = newSecret("canary-zero\x00byte")
	if err := models.Create(ctx, db, bad); err != nil { // SQLite stores it
		w.failed("NUL", err)
	}
	bad = newSecret("canary-\xff\xfe")
	if err := models.Create(ctx, db, bad); err != nil {
		w.failed("no UTF-8", err)
	}
	bad = newSecret("canary-year")
	bad.Born = time.Date(294277, 3, 9, 0, 0, 0, 0, time.UTC)
	w.failed("far future", models.Create(ctx, db, bad))
	bad = newSecret("canary-nan")
	bad.Ratio = math.Inf(1)
	if err := models.Create(ctx, db, bad); err != nil {
		w.failed("infinite", err)
	}
	w.failed("read as a small number", only(models.All(ctx, db, models.Raw[int8]("SELECT number FROM secrets"))))
	w.failed("read as a struct", only(models.All(ctx, db, models.Raw[number]("SELECT number AS n FROM secrets"))))
	w.failed("read as a time", only(models.All(ctx, db, models.Raw[time.Time]("SELECT name FROM secrets"))))
	w.failed("read as a UUID", only(models.All(ctx, db, models.Raw[[16]byte]("SELECT name FROM secrets"))))
	w.failed("read as a number", only(models.All(ctx, db, models.Raw[float64]("SELECT name FROM secrets"))))
	w.failed("read as a truth", only(models.All(ctx, db, models.Raw[bool]("SELECT number FROM secrets"))))
	w.failed("read as one column", only(models.All(ctx, db, models.Raw[string]("SELECT name, number FROM secrets"))))
}

// raw sends statements that the database refuses, on both alike.
func (w *watchman) raw(ctx context.Context, db *spillway.DB) {
	args := models.Args{"text": "canary_text", "number": int64(7730194452118)}
	w.ok("checked", only(models.Exec(ctx, db, models.Raw[int64]("CREATE TABLE checked (v TEXT NOT NULL, n BIGINT, CONSTRAINT short CHECK (length(v) < 3), CHECK (n < 5))"))))
	for _, q := range []models.Query[string]{
		models.Raw[string]("INSERT INTO checked (v, n) VALUES (:text, :number)", args),
		models.Raw[string]("INSERT INTO checked (v, n) VALUES ('a', :number)", models.Args{"number": int64(7730194452118)}),
		models.Raw[string]("INSERT INTO checked (v, n) VALUES (NULL, :number)", models.Args{"number": int64(7730194452118)}),
		models.Raw[string]("INSERT INTO secrets (name) VALUES (:text)", models.Args{"text": "canary_text"}),
		models.Raw[string]("SELEC :text, :number", args),
		models.Raw[string]("SELECT name FROM nowhere WHERE name = :text AND number = :number", args),
		models.Raw[string]("SELECT missing FROM secrets WHERE name = :text AND number = :number", args),
		models.Raw[string]("SELECT name FROM secrets WHERE name IN :list AND missing = 1", models.Args{"list": []string{"canary_a", "canary_b"}}),
		models.Raw[string]("INSERT INTO secrets (missing) VALUES (:text)", models.Args{"text": "canary_text"}),
		models.Raw[string]("CREATE TABLE checked (v TEXT)"),
		models.Raw[string]("SELECT nofunction(:text, :number)", args),
	} {
		w.failed("raw", only(models.All(ctx, db, q)))
		w.failed("raw", only(models.Exec(ctx, db, q)))
		s := db.Session()
		w.failed("raw in a session", only(models.Exec(ctx, s, q)))
		w.failed("behind it", only(models.All(ctx, s, q)))
		s.Close()
	}
}

// metrics looks at what a scrape shows.
func (w *watchman) metrics(db *spillway.DB) {
	reg := prometheus.NewPedanticRegistry()
	if err := metrics.Register(reg, db); err != nil {
		w.t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			w.t.Fatal(err)
		}
	}
	w.text("metrics", text.String())
	if !strings.Contains(text.String(), "spillway_") {
		w.t.Error("nothing was scraped")
	}
}
