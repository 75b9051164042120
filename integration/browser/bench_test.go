package browser

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkNotes measures what a user waits for, on the first visit, when the browser has
// yet to compile the program, and on the next one, when it has the result in its cache:
// milliseconds until the program runs and the database is open, for 10 000 rows in one
// transaction, and for 100 transactions of one row, each of which is on disk when it is
// answered.
func BenchmarkNotes(b *testing.B) {
	info, err := os.Stat(filepath.Join(programs.dir, notes(b)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		chrome, site := start(b, profile(b)), newSite(b)
		page := chrome.open(b, site.URL)
		visit := func(which string) {
			report := func(what string, ms float64) { b.ReportMetric(ms, which+"-"+what+"-ms") }
			report("load", launch(b, page))
			timed := func(what, name string, args ...any) {
				ms, err := js[float64](page, "timed", append([]any{name}, args...)...)
				if err != nil {
					b.Fatalf("%s: %v", name, err)
				}
				report(what, ms)
			}
			timed("open", "openDatabase", url)
			timed("10000-inserts", "fill", which, 10000)
			timed("100-commits", "write", which, 100)
		}
		visit("first")
		page.reload(b)
		visit("next")
		chrome.stop()
	}
	b.ReportMetric(float64(info.Size())/1e6, "wasm-MB")
}
