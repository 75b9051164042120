package pool_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/pool"
)

var update = flag.Bool("update", false, "write golden files anew")

// Arguments that must appear nowhere.
const canary = "canary-argument"

func TestEchoGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		k := slow(10 * time.Millisecond)
		fly := k.OnFly
		k.OnFly = func(ctx context.Context, c *fake.Conn, f *driver.Flight) (bool, error) {
			if strings.HasPrefix(f.Statements[0].SQL, "INSERT") {
				f.Statements[0].Err = &driver.Error{Kind: driver.ErrUnique, Table: "users", Column: "email", Constraint: "users_email_key"}
				return true, nil
			}
			return fly(ctx, c, f)
		}
		p, err := pool.New(k, pool.Config{Name: "golden", Size: 1, Overflow: 1, RecycleJitter: -1, Timeout: time.Second, QueueLimit: 1, Echo: true, EchoPool: true, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		step := func(title string, f func()) {
			synctest.Wait()
			io.WriteString(&buf, "# "+title+"\n")
			f()
			synctest.Wait()
		}
		step("a statement with arguments, and one that fails", func() {
			op := read(5 * time.Millisecond)
			op.Statements[0].Args = []driver.Value{driver.Text(canary)}
			_ = p.Do(ctx, op)
			bad := write(0)
			bad.Statements[0].SQL = `INSERT INTO "users" ("email") VALUES ($1)`
			bad.Statements[0].Args = []driver.Value{driver.Text(canary)}
			_ = p.Do(ctx, bad)
		})
		var l *pool.Lease
		step("an owner, a flight of two, a transaction left open", func() {
			l = take(t, ctx, p, "golden_test.go:1")
			op := write(time.Millisecond)
			op.Statements = append(op.Statements, driver.Statement{SQL: "2ms", Class: driver.Write})
			_ = l.Do(ctx, op)
		})
		step("its release", func() { l.Release() })
		step("no connection in time, and a full queue", func() {
			a, b := take(t, ctx, p, "a"), take(t, ctx, p, "b")
			p.Submit(ctx, read(0), nil)
			_ = p.Do(ctx, read(0))
			time.Sleep(2 * time.Second)
			synctest.Wait()
			a.Release()
			b.Release()
		})
		step("recycled", func() {
			time.Sleep(2 * time.Hour)
			_ = p.Do(ctx, read(0))
		})
		step("resized and closed", func() {
			_ = p.Resize(2, pool.NoOverflow)
			_ = p.Close(ctx)
		})
		got := buf.String()
		if strings.Contains(got, canary) {
			t.Error("an argument was logged")
		}
		golden(t, "testdata/echo.golden", got)
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update to accept\n--- got\n%s--- want\n%s", file, got, want)
	}
}
