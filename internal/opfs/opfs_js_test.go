package opfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/promise"
)

// These tests need a dedicated worker of a browser; package integration/browser runs them
// there.

func open(t *testing.T, name string) *sqlite3.Conn {
	t.Helper()
	c, err := sqlite3.Open("file:" + name + "?vfs=" + Name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	})
	exec(t, c, `PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA synchronous=full`)
	return c
}

func exec(t *testing.T, c *sqlite3.Conn, sql string) {
	t.Helper()
	if err := c.Exec(sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func text(t *testing.T, c *sqlite3.Conn, sql string) string {
	t.Helper()
	s, _, err := c.Prepare(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer s.Close()
	if !s.Step() {
		t.Fatalf("%s: no row, %v", sql, s.Err())
	}
	return s.ColumnText(0)
}

// files lists the directory of the origin.
func files(t *testing.T) string {
	t.Helper()
	list := js.Global().Get("Function").New(`return (async () => {
		const names = [];
		for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
		return names.sort().join(" ");
	})()`)
	v, err := promise.Await(t.Context(), list.Invoke())
	if err != nil {
		t.Fatal(err)
	}
	return v.String()
}

func TestAvailable(t *testing.T) {
	if err := Available(); err != nil {
		t.Fatal(err)
	}
	// Each thing that may be missing is named.
	for _, c := range []struct{ object, property, want string }{
		{"", "DedicatedWorkerGlobalScope", "dedicated worker"},
		{"", "isSecureContext", "https"},
		{"FileSystemFileHandle.prototype", "createSyncAccessHandle", "createSyncAccessHandle"},
		{"StorageManager.prototype", "getDirectory", "getDirectory"},
	} {
		t.Run(c.property, func(t *testing.T) {
			hide(t, c.object, c.property)
			err := Available()
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrUnavailable with %q", err, c.want)
			}
			db, err := sqlite3.Open("file:missing.db?vfs=opfs")
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("opening answers %v", err)
				db.Close()
			}
		})
	}
}

// hide takes a property of the object at path, or of its prototypes, away for one test.
func hide(t *testing.T, path, property string) {
	t.Helper()
	object := js.Global()
	for part := range strings.SplitSeq(path, ".") {
		if part != "" {
			object = object.Get(part)
		}
	}
	reflect := js.Global().Get("Reflect")
	for !js.Global().Get("Object").Call("hasOwn", object, property).Bool() {
		object = reflect.Call("getPrototypeOf", object)
	}
	old := reflect.Call("getOwnPropertyDescriptor", object, property)
	if !reflect.Call("deleteProperty", object, property).Bool() {
		t.Fatalf("can not hide %s", property)
	}
	t.Cleanup(func() { reflect.Call("defineProperty", object, property, old) })
}

func TestRowsStayAndFilesKeepTheirNames(t *testing.T) {
	c, err := sqlite3.Open("file:stay.db?vfs=opfs")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, `PRAGMA locking_mode=exclusive`)
	if mode := text(t, c, `PRAGMA journal_mode=wal`); mode != "wal" {
		t.Fatalf("journal mode %q", mode)
	}
	exec(t, c, `PRAGMA synchronous=full; CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)`)
	if got := files(t); !strings.Contains(got, "stay.db stay.db-wal") {
		t.Errorf("files are %q", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := files(t); strings.Contains(got, "stay.db-wal") {
		t.Errorf("after closing, files are %q", got)
	}
	if got := text(t, open(t, "stay.db"), `SELECT sum(x) FROM t`); got != "3" {
		t.Errorf("sum is %s after reopening", got)
	}
}

func TestRollbackJournal(t *testing.T) {
	for _, mode := range []string{"delete", "truncate", "persist"} {
		name := mode + ".db"
		c, err := sqlite3.Open("file:" + name + "?vfs=opfs")
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, c, `PRAGMA journal_mode=`+mode); got != mode {
			t.Errorf("journal mode %q, want %q", got, mode)
		}
		exec(t, c, `CREATE TABLE t(x); INSERT INTO t VALUES(1); BEGIN; UPDATE t SET x=2; ROLLBACK`)
		if got := text(t, c, `SELECT x FROM t`); got != "1" {
			t.Errorf("%s: x is %s after rollback", mode, got)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDirectories(t *testing.T) {
	c := open(t, "app/of/mine.db")
	exec(t, c, `CREATE TABLE t(x)`)
	if got := files(t); !strings.Contains(got, "app") {
		t.Errorf("files are %q", got)
	}
}

func TestNameThatIsTaken(t *testing.T) {
	open(t, "taken/in.db")
	for name, want := range map[string]string{
		"taken":         "is a directory",
		"taken/in.db/x": "lies in what is none",
		"..":            "names no file",
		"/":             "names no file",
		"taken/..":      "names no file",
	} {
		c, err := sqlite3.Open("file:" + name + "?vfs=opfs")
		if err == nil {
			c.Close()
			t.Errorf("%q opened", name)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}

func TestInUseInThisProgram(t *testing.T) {
	open(t, "busy.db")
	_, err := sqlite3.Open("file:busy.db?vfs=opfs")
	if !errors.Is(err, ErrInUse) || !errors.Is(err, driver.ErrBusy) || !strings.Contains(err.Error(), "in this program") {
		t.Errorf("second open: %v", err)
	}
}

func TestInUseElsewhere(t *testing.T) {
	name := "elsewhere.db"
	h, err := openHandle(name, true)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, err = sqlite3.Open("file:" + name + "?vfs=opfs")
	if !errors.Is(err, ErrInUse) || !errors.Is(err, driver.ErrBusy) || !strings.Contains(err.Error(), "another tab") {
		t.Errorf("second open: %v", err)
	}
	if d := time.Since(begin); d < OpenTimeout || d > 3*OpenTimeout {
		t.Errorf("refused after %v, want about %v", d, OpenTimeout)
	}
	// Given back in time, it opens.
	time.AfterFunc(50*time.Millisecond, func() { h.Call("close") })
	open(t, name)
}

func TestLargePiecesAndShortReads(t *testing.T) {
	s := vfs.Find(Name)
	flags := vfs.OPEN_CREATE | vfs.OPEN_READWRITE | vfs.OPEN_MAIN_DB
	f, _, err := s.Open("pieces", flags)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 2*bufferSize+12345)
	for i := range want {
		want[i] = byte(i * 7)
	}
	const off = 100
	if n, err := f.WriteAt(want, off); n != len(want) || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if size, err := f.Size(); size != int64(off+len(want)) || err != nil {
		t.Errorf("size %d, %v", size, err)
	}
	got := make([]byte, len(want))
	if n, err := f.ReadAt(got, off); n != len(want) || err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d, %v, equal %v", n, err, bytes.Equal(got, want))
	}
	if n, err := f.ReadAt(got, off+1); n != len(want)-1 || err != io.EOF || !bytes.Equal(got[:n], want[1:]) {
		t.Errorf("short read %d, %v", n, err)
	}
	if n, err := f.ReadAt(got, off+int64(len(want))+5); n != 0 || err != io.EOF {
		t.Errorf("read behind the end %d, %v", n, err)
	}
	if err := f.Truncate(10); err != nil {
		t.Error(err)
	}
	if size, err := f.Size(); size != 10 || err != nil {
		t.Errorf("size after truncate %d, %v", size, err)
	}
	if err := f.Sync(vfs.SYNC_FULL); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); err == nil || !strings.Contains(err.Error(), `write "pieces"`) {
		t.Errorf("write after close: %v", err)
	}
	if err := s.Delete("pieces", true); err != nil {
		t.Error(err)
	}
	if ok, err := s.Access("pieces", vfs.ACCESS_EXISTS); ok || err != nil {
		t.Errorf("deleted file: %v, %v", ok, err)
	}
	if err := s.Delete("pieces", true); !errors.Is(err, sqlite3.IOERR_DELETE_NOENT) {
		t.Errorf("deleting again: %v", err)
	}
}

// TestFullDisk has a handle that fails as browsers do when the quota is exhausted.
func TestFullDisk(t *testing.T) {
	throw := js.Global().Get("Function").New(`throw new DOMException("no space", "QuotaExceededError")`)
	short := js.Global().Get("Function").New(`return 1`)
	f := &file{name: "full.db", write: throw, truncate: throw, flush: throw}
	for what, do := range map[string]func() error{
		"write":    func() error { _, err := f.WriteAt([]byte("ab"), 0); return err },
		"truncate": func() error { return f.Truncate(1) },
		"flush":    func() error { return f.Sync(vfs.SYNC_FULL) },
		"short":    func() error { f.write = short; _, err := f.WriteAt([]byte("ab"), 0); return err },
	} {
		err := do()
		if err == nil || !strings.Contains(err.Error(), "full.db") {
			t.Fatalf("%s: %v", what, err)
		}
		if got := codeOf(err); got != sqlite3.FULL {
			t.Errorf("%s: SQLite gets %v, want FULL", what, got)
		}
	}
}

// codeOf hands err to SQLite through a VFS and returns what comes out.
func codeOf(err error) sqlite3.ErrorCode {
	vfs.Register("failing", failing{err})
	defer vfs.Unregister("failing")
	_, got := sqlite3.Open("file:x?vfs=failing")
	code, _ := errors.AsType[sqlite3.ErrorCode](got)
	return code
}

type failing struct{ err error }

func (f failing) Open(string, vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) { return nil, 0, f.err }
func (f failing) Delete(string, bool) error                                 { return f.err }
func (f failing) Access(string, vfs.AccessFlag) (bool, error)               { return false, f.err }
func (f failing) FullPathname(name string) (string, error)                  { return name, nil }

func TestSortInMemory(t *testing.T) {
	c := open(t, "sort.db")
	exec(t, c, `PRAGMA cache_size=10; CREATE TABLE t(x, y);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000)
		INSERT INTO t SELECT i*7919%20000, hex(zeroblob(100)) FROM n`)
	if got := text(t, c, `SELECT group_concat(x) FROM (SELECT x FROM t ORDER BY y, x LIMIT 3)`); got != "0,1,2" {
		t.Errorf("sorted %q", got)
	}
	exec(t, c, `VACUUM`)
	if got := text(t, c, `PRAGMA integrity_check`); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
}

func TestOthersRunWhileOpening(t *testing.T) {
	// A message to oneself is answered by the browser's event loop only.
	channel := js.Global().Get("MessageChannel").New()
	turns := 0
	turn := js.FuncOf(func(js.Value, []js.Value) any {
		turns++
		channel.Get("port2").Call("postMessage", turns)
		return nil
	})
	defer turn.Release()
	channel.Get("port1").Set("onmessage", turn)
	channel.Get("port2").Call("postMessage", 0)
	open(t, "others.db")
	channel.Get("port1").Call("close")
	if turns == 0 {
		t.Error("the event loop stood still while a file was opened")
	}
}

func BenchmarkInsert(b *testing.B) {
	c, err := sqlite3.Open("file:bench.db?vfs=opfs")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(`PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA synchronous=full; CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, name TEXT, v REAL)`); err != nil {
		b.Fatal(err)
	}
	s, _, err := c.Prepare(`INSERT INTO t(name, v) VALUES(?1, ?2)`)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	insert := func(i int) {
		s.BindText(1, fmt.Sprint("name ", i))
		s.BindFloat(2, float64(i))
		if err := s.Exec(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("transaction=one", func(b *testing.B) {
		c.Exec(`BEGIN`)
		for i := range b.N {
			insert(i)
		}
		c.Exec(`COMMIT`)
	})
	b.Run("transaction=each", func(b *testing.B) {
		for i := range b.N {
			insert(i)
		}
	})
}
