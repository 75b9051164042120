package browser

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// url is the durable database of these tests; each test has an origin of its own.
const url = "opfs:notes"

// notes compiles the program.
func notes(tb testing.TB) string {
	tb.Helper()
	return program(tb, "notes", func(file string) { goTool(tb, ".", "build", "-ldflags=-s -w", "-o", file, "./notes") })
}

// launch runs the program in the tab's worker and returns the milliseconds from the start
// of the worker until the program was ready.
func launch(tb testing.TB, page tab) float64 {
	tb.Helper()
	got, err := js[struct {
		Started float64
		Output  string
	}](page, "run", notes(tb))
	if err != nil || got.Started == 0 {
		tb.Fatalf("the program did not start: %v\n%s", err, got.Output)
	}
	return got.Started
}

// titles returns the titles of the notes that list answers.
func titles(tb testing.TB, page tab) string {
	tb.Helper()
	var all []string
	for _, n := range must[[]struct{ Title string }](tb, page, "list") {
		all = append(all, n.Title)
	}
	return strings.Join(all, ", ")
}

func TestRowsSurviveReload(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	if a, b := must[int](t, page, "add", "one"), must[int](t, page, "add", "two"); a != 1 || b != 2 {
		t.Errorf("the first rows are %d and %d", a, b)
	}
	// Many calls at once, each awaited by JavaScript.
	ids, err := js[[]int](page, `((n) => Promise.all(Array.from({length: n}, (_, i) => call("add", "many " + i))))`, 50)
	if err != nil || len(ids) != 50 {
		t.Fatalf("50 calls at once: %d answers, %v", len(ids), err)
	}
	seen := map[int]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(seen) != 50 {
		t.Errorf("50 rows have %d keys", len(seen))
	}
	if n := must[int](t, page, "count"); n != 52 {
		t.Errorf("%d rows, want 52", n)
	}

	page.reload(t) // without closing the database
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	if n := must[int](t, page, "count"); n != 52 {
		t.Errorf("%d rows after reloading, want 52", n)
	}
	if got := titles(t, page); !strings.HasPrefix(got, "one, two, many ") {
		t.Errorf("rows after reloading: %s", got)
	}
	if got := must[string](t, page, "check"); got != "ok" {
		t.Errorf("integrity check: %s", got)
	}
}

func TestValuesArriveInJavaScript(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	must[int](t, page, "add", "é 漢 \U0001f600")
	type note struct {
		ID    int64
		Title string
		Size  int64
		Added time.Time
	}
	got := must[[]note](t, page, "list")
	if len(got) != 1 || got[0].ID != 1 || got[0].Title != "é 漢 \U0001f600" || got[0].Size != 0 {
		t.Errorf("got %+v", got)
	}
	if d := time.Since(got[0].Added).Abs(); d > time.Hour {
		t.Errorf("added at %v", got[0].Added)
	}
}

func TestFailuresRejectWithTheirKind(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	must[int](t, page, "add", "only")
	_, err := call[int](page, "add", "only")
	r := rejected(t, err, "unique constraint violated")
	if r.Name != "SpillwayError" || r.Kind != "ErrUnique" || r.Table != "notes" || r.Column != "title" {
		t.Errorf("rejected with %+v", *r)
	}
	_, err = call[int](page, "fail")
	if r := rejected(t, err, "nowhere"); r.Kind != "ErrNoTable" {
		t.Errorf("rejected with %+v", *r)
	}
	_, err = call[int](page, "slow", 50)
	if r := rejected(t, err, "deadline"); r.Name != "TimeoutError" || r.Kind != "ErrCanceled" {
		t.Errorf("rejected with %+v", *r)
	}
	for url, want := range map[string]string{
		"mysql://root@localhost/x": "MySQL is not supported",
		"postgres://localhost/x":   "a browser can not reach a Postgres server",
		"sqlite:notes.db":          "a browser has no file system",
		"opfs:":                    "opfs:name",
	} {
		_, err := call[any](page, "openDatabase", url)
		rejected(t, err, want)
	}
	if n := must[int](t, page, "count"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestSecondTabIsRefused(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	first, second := b.open(t, site.URL), b.open(t, site.URL)
	launch(t, first)
	launch(t, second)
	must[any](t, first, "openDatabase", url)
	must[int](t, first, "add", "mine")

	_, err := call[any](second, "openDatabase", url)
	if r := rejected(t, err, "already open in another tab"); r.Kind != "ErrBusy" {
		t.Errorf("rejected with %+v", *r)
	}
	must[int](t, first, "add", "still mine")

	must[any](t, first, "closeDatabase")
	must[any](t, second, "openDatabase", url)
	if got := titles(t, second); got != "mine, still mine" {
		t.Errorf("the second tab sees %q", got)
	}
}

func TestInMemory(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", "sqlite::memory:")
	must[int](t, page, "add", "gone tomorrow")
	if got := titles(t, page); got != "gone tomorrow" {
		t.Errorf("rows: %q", got)
	}
	page.reload(t)
	launch(t, page)
	must[any](t, page, "openDatabase", "sqlite::memory:")
	if n := must[int](t, page, "count"); n != 0 {
		t.Errorf("%d rows in a new database in memory", n)
	}
}

// TestKilledBrowser ends the browser in the middle of writing, as a crash does.
func TestKilledBrowser(t *testing.T) {
	site, dir := newSite(t), profile(t)
	stored := 0
	for round := range 3 {
		b := start(t, dir)
		page := b.open(t, site.URL)
		launch(t, page)
		must[any](t, page, "openDatabase", url)
		if n := must[int](t, page, "count"); n < stored {
			t.Fatalf("round %d: %d rows, of which %d were acknowledged before the browser was killed", round, n, stored)
		}
		stored = must[int](t, page, "count")
		if got := must[string](t, page, "check"); got != "ok" {
			t.Fatalf("round %d: integrity check: %s", round, got)
		}
		if err := chromedp.Do(page.ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
			return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`void call("write", %q, 100000)`, fmt.Sprint("round ", round)))(ctx, target)
		}); err != nil {
			t.Fatal(err)
		}
		acknowledged, err := js[int](page, "reached", 100)
		if err != nil {
			t.Fatal(err)
		}
		b.kill(t)
		stored += acknowledged
	}
	b := start(t, dir)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	if n := must[int](t, page, "count"); n < stored {
		t.Errorf("%d rows, of which %d were acknowledged", n, stored)
	}
}

// TestFullDisk takes the space away in the middle of writing.
func TestFullDisk(t *testing.T) {
	b, site := start(t, profile(t)), newSite(t)
	page := b.open(t, site.URL)
	launch(t, page)
	must[any](t, page, "openDatabase", url)
	must[int](t, page, "add", "before")
	quota := func(size *float64) {
		t.Helper()
		_, err := chromedp.Run(page.ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, target, storage.OverrideQuotaForOrigin, storage.OverrideQuotaForOriginParams{Origin: site.URL, QuotaSize: size})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	small := 200e3
	quota(&small)
	_, err := call[any](page, "fill", "too many", 20000)
	if r := rejected(t, err, ""); r.Kind != "ErrFull" {
		t.Errorf("rejected with %+v", *r)
	}
	if n := must[int](t, page, "count"); n != 1 {
		t.Errorf("%d rows after the failed transaction, want 1", n)
	}
	quota(nil)
	must[any](t, page, "fill", "enough", 2000)
	if n := must[int](t, page, "count"); n != 2001 {
		t.Errorf("%d rows, want 2001", n)
	}
}
