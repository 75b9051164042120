package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds everything that one test asks a browser to do: far more than it takes on
// a slow, busy machine, and less than go test's own limit, so that the browser is ended.
const patience = 5 * time.Minute

// answerTime bounds one call of a page's function.
const answerTime = 2 * time.Minute

// chromium is a running browser.
type chromium struct {
	ctx  context.Context // of its first tab
	stop context.CancelFunc
}

// executable finds the browser.
func executable(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	tb.Fatal("no browser: install chromium (Debian, Ubuntu: apt-get install chromium)")
	return ""
}

// profile makes an empty directory for a browser's files. It is removed after the test's
// browsers have ended.
func profile(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "spillway-browser-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		// Helper processes outlive a killed browser for a moment and may still write.
		var err error
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
		}
		tb.Errorf("remove the browser's profile: %v", err)
	})
	return dir
}

// start runs a browser on a profile.
func start(tb testing.TB, profile string) *chromium {
	tb.Helper()
	flag := func(name string) chromedp.ExecAllocatorOption { return chromedp.Flag(name, true) }
	life, cancelLife := context.WithTimeout(context.WithoutCancel(tb.Context()), patience)
	alloc, cancelAlloc := chromedp.NewExecAllocator(
		life,
		chromedp.ExecPath(executable(tb)), chromedp.UserDataDir(profile),
		flag("headless"), flag("no-sandbox"), flag("disable-gpu"), flag("disable-quic"),
		flag("no-first-run"), flag("disable-background-networking"),
		flag("disable-component-update"), flag("disable-sync"), flag("disable-dev-shm-usage"),
	)
	ctx, cancelTab := chromedp.NewContext(alloc)
	b := &chromium{ctx: ctx, stop: func() {
		cancelTab()
		cancelAlloc() // waits until the process has ended
		cancelLife()
	}}
	tb.Cleanup(b.stop)
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("start the browser: %v", err)
	}
	return b
}

// kill ends the browser as a crash would (SIGKILL) and returns when its process is gone.
func (b *chromium) kill(tb testing.TB) {
	tb.Helper()
	if err := chromedp.FromContext(b.ctx).Browser.Process().Kill(); err != nil {
		tb.Fatalf("kill the browser: %v", err)
	}
	b.stop()
}

// tab is one page of a browser.
type tab struct{ ctx context.Context }

// open opens url in a new tab.
func (b *chromium) open(tb testing.TB, url string) tab {
	tb.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	tb.Cleanup(cancel)
	t := tab{ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		tb.Fatalf("open the page: %v", err)
	}
	return t
}

// reload loads the page anew, which ends its worker.
func (t tab) reload(tb testing.TB) {
	tb.Helper()
	if err := chromedp.Do(t.ctx, chromedp.Reload()); err != nil {
		tb.Fatalf("reload the page: %v", err)
	}
}

// A rejection is the error a promise was rejected with.
type rejection struct {
	Name, Message, Kind, Table, Column, Constraint string
}

func (r *rejection) Error() string { return r.Name + ": " + r.Message }

// js calls the function fn of the page with args and waits for its promise. A rejected
// promise is a *rejection.
func js[T any](t tab, fn string, args ...any) (T, error) {
	var answer struct {
		Value T
		Error *rejection
	}
	list, err := json.Marshal(args)
	if err != nil {
		return answer.Value, err
	}
	ctx, cancel := context.WithTimeout(t.ctx, answerTime)
	defer cancel()
	_, err = chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		expr := fmt.Sprintf(`%s(...%s).then(
			(value) => ({value}),
			({name, message, kind, table, column, constraint}) => ({error: {name, message, kind, table, column, constraint}}))`, fn, list)
		raw, err := chromedp.Evaluate[[]byte](expr, chromedp.EvalAwaitPromise)(ctx, target)
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Void{}, json.Unmarshal(raw, &answer)
	})
	switch {
	case err != nil:
		output, _ := chromedp.Run(t.ctx, chromedp.Evaluate[string](`output`))
		err = fmt.Errorf("%s: %w; the program wrote:\n%s", fn, err, output)
	case answer.Error != nil:
		err = answer.Error
	}
	return answer.Value, err
}

// call calls a function that the program exports.
func call[T any](t tab, name string, args ...any) (T, error) {
	return js[T](t, "call", append([]any{name}, args...)...)
}

// must is call for what has to succeed.
func must[T any](tb testing.TB, t tab, name string, args ...any) T {
	tb.Helper()
	v, err := call[T](t, name, args...)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return v
}

// ended is how a program that ran to its end has ended.
type ended struct {
	Code   int
	Output string
}

// rejected asserts that err is a rejection whose text holds want.
func rejected(tb testing.TB, err error, want string) *rejection {
	tb.Helper()
	r, ok := errors.AsType[*rejection](err)
	if !ok || !strings.Contains(r.Message, want) {
		tb.Fatalf("got error %v, want a rejection with %q", err, want)
	}
	return r
}
