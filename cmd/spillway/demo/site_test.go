package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// A testSite is a site over the sample tree.
type testSite struct {
	*site
	server *httptest.Server
	db     *spillway.DB
}

// startSite indexes the sample tree, and a file whose name is a script, and serves it.
func startSite(t *testing.T) *testSite {
	t.Helper()
	dir := sampleDir(t)
	if err := os.Mkdir(filepath.Join(dir, evil), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, evil+"/e.go", "package e\n\n// "+evil+"\nfunc Evil() {}\n")
	ctx, quit := context.WithCancel(t.Context())
	db, err := spillway.Open(ctx, spillway.Config{URL: testdb.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.CreateTables(ctx); err != nil {
		t.Fatal(err)
	}
	p := &progress{}
	if _, err := index(ctx, db, os.DirFS(dir), p); err != nil {
		t.Fatal(err)
	}
	p.enter(stageAsk)
	s := &site{
		store: &store{db}, monitor: newMonitor(db.Stats, p), tree: os.DirFS(dir),
		source: dir, database: "x.db", quit: ctx, loadTime: 50 * time.Millisecond,
	}
	h, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		quit()
		server.Close()
		db.Close() // a test may have closed it
	})
	return &testSite{s, server, db}
}

// evil has no slash, so that it can be the name of a directory.
const evil = `"><script>alert(1)<`

func (s *testSite) get(t *testing.T, path string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := s.server.Client().Get(s.server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(b)
}

func TestIndexPage(t *testing.T) {
	s := startSite(t)
	_, _, before := s.get(t, "/")
	if !strings.Contains(before, `data-done="false"`) || !strings.Contains(before, ">14</b>declarations") {
		t.Errorf("the page before the report does not show what is there:\n%s", before)
	}
	s.report.Store(sampleReport())
	status, header, body := s.get(t, "/")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Errorf("status %d, type %s", status, header.Get("Content-Type"))
	}
	for _, part := range []string{
		`data-done="true"`, "310,440", "343,430", "rows written in 6.2 s", "Most imported packages", "1,820",
		`data-size="11"`, `data-overflow="20"`, `width="25.0%"`, s.source,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	// What the page asks for must be there, and it must not need what the policy forbids.
	for _, asset := range []string{"/assets/style.css", "/assets/page.js", "/assets/icon.svg"} {
		if !strings.Contains(body, asset) {
			t.Errorf("the page does not use %s", asset)
		}
		if status, _, text := s.get(t, asset); status != 200 || text == "" {
			t.Errorf("%s: status %d", asset, status)
		}
	}
	for _, part := range []string{"style=", "<style", "onclick", "http://", "https://", "//cdn"} {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q", part)
		}
	}
	for _, path := range []string{"/nothing", "/assets/", "/assets/page.html", "/assets/../page.html"} {
		if status, _, _ := s.get(t, path); status != 404 {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
}

func TestSearch(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		runReport(t, url, sampleDir(t))
		s := &store{open(t, url)}
		for _, c := range []struct {
			q    searchQuery
			want string // the names found, best first
		}{
			{searchQuery{Query: "t"}, "T Two TestX get init state String"},
			{searchQuery{Query: "T"}, "T Two TestX get init state String"},
			{searchQuery{Query: "t", Match: "prefix"}, "T Two TestX"},
			{searchQuery{Query: "t", Kind: KindMethod}, "get String"},
			{searchQuery{Query: "STRING"}, "String"},
			{searchQuery{Query: "%"}, ""},
			{searchQuery{Query: "_"}, ""},
			{searchQuery{Query: `\`}, ""},
			{searchQuery{Query: "'; DROP TABLE files; --"}, ""},
			{searchQuery{Query: "é世"}, ""},
		} {
			hits, total, err := s.search(t.Context(), c.q, 10)
			if err != nil {
				t.Errorf("%+v: %v", c.q, err)
				continue
			}
			var names []string
			for _, h := range hits {
				names = append(names, h.Name)
			}
			if got := strings.Join(names, " "); got != c.want || total != int64(len(hits)) {
				t.Errorf("%+v found %q, %d in all; want %q", c.q, got, total, c.want)
			}
		}
		hits, total, err := s.search(t.Context(), searchQuery{Query: "t"}, 2)
		if err != nil || len(hits) != 2 || total != 7 {
			t.Errorf("a limit of 2: %d hits, %d in all, %v; want 2 and 7", len(hits), total, err)
		}
		hits, _, err = s.search(t.Context(), searchQuery{Query: "get"}, 2)
		if err != nil || len(hits) != 1 || hits[0].Receiver != "T" || hits[0].Package != "example.com/tree/a" || hits[0].File != "a/a.go" || hits[0].Line != 26 || hits[0].Kind != KindMethod {
			t.Errorf("get: %+v, %v", hits, err)
		}
	})
}

func TestSearchPage(t *testing.T) {
	s := startSite(t)
	status, _, body := s.get(t, "/search?q=get")
	if status != 200 || !strings.Contains(body, "<!doctype html>") || !strings.Contains(body, "a/a.go:26") || !strings.Contains(body, "1 found") {
		t.Errorf("status %d:\n%s", status, body)
	}
	if _, _, body = s.get(t, "/search?q=get&fragment=1"); strings.Contains(body, "<html") || !strings.Contains(body, "a/a.go:26") {
		t.Errorf("the fragment:\n%s", body)
	}
	if _, _, body = s.get(t, "/search?q=nothing-like-it"); !strings.Contains(body, "Nothing found") {
		t.Errorf("nothing found:\n%s", body)
	}
	for _, bad := range []string{"q=" + strings.Repeat("x", 101), "q=%ff", "q=%00", "q=x&kind=table"} {
		if status, _, _ := s.get(t, "/search?"+bad); status != 400 {
			t.Errorf("%s: status %d, want 400", bad, status)
		}
	}
}

func TestPagesEscapeWhatTheyShow(t *testing.T) {
	s := startSite(t)
	hits, _, err := s.store.search(t.Context(), searchQuery{Query: "Evil"}, 1)
	if err != nil || len(hits) != 1 {
		t.Fatal(hits, err)
	}
	for _, path := range []string{
		"/search?q=" + url.QueryEscape(evil), "/search?fragment=1&q=Evil",
		fmt.Sprintf("/source/%d", hits[0].FileID), "/search?q=x&kind=" + url.QueryEscape(evil),
	} {
		_, header, body := s.get(t, path)
		if !strings.Contains(body, "alert(1)") && !strings.Contains(path, "kind=") {
			t.Errorf("%s does not show the text at all", path)
		}
		if strings.Contains(body, "<script>") || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			t.Errorf("%s has the script in it:\n%s", path, body)
		}
	}
}

func TestSourcePage(t *testing.T) {
	s := startSite(t)
	hits, _, err := s.store.search(t.Context(), searchQuery{Query: "get"}, 1)
	if err != nil || len(hits) != 1 {
		t.Fatal(hits, err)
	}
	status, _, body := s.get(t, fmt.Sprintf("/source/%d?line=26", hits[0].FileID))
	if status != 200 || !strings.Contains(body, `<a id="L26" class="here"><i>26</i>func (T[K]) get()`) || !strings.Contains(body, "example.com/tree/a, 30 lines") {
		t.Errorf("status %d:\n%s", status, body)
	}
	for _, path := range []string{"/source/999999", "/source/x", "/source/", "/source/1/../../go.mod"} {
		if status, _, _ := s.get(t, path); status != 404 {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
}

func TestMetrics(t *testing.T) {
	s := startSite(t)
	_, _, body := s.get(t, "/metrics")
	for _, name := range []string{`spillway_pool_connections{backend="sqlite",pool="main",state="idle"}`, "spillway_statements_total", "go_goroutines"} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("/metrics lacks %s", name)
		}
	}
}

func TestHealth(t *testing.T) {
	s := startSite(t)
	status, header, body := s.get(t, "/healthz")
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || answer["status"] != "ok" || answer["stage"] != stageAsk || header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, %s, %v", status, body, err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	status, _, body = s.get(t, "/healthz")
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 503 || answer["status"] != "unavailable" || answer["error"] == "" {
		t.Errorf("after Close: status %d, %s, %v", status, body, err)
	}
	// The pages say so too.
	if status, _, body := s.get(t, "/search?q=x"); status != 503 || !strings.Contains(body, "does not answer") {
		t.Errorf("searching after Close: status %d, %s", status, body)
	}
}

func TestLiveStreamsPoints(t *testing.T) {
	s := startSite(t)
	s.monitor.add(Point{Time: 1, Used: 3})
	s.monitor.add(Point{Time: 2, Used: 4})
	r, err := s.server.Client().Get(s.server.URL + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got := r.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("type %s", got)
	}
	lines := bufio.NewScanner(r.Body)
	next := func() (points []Point) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &points); err != nil {
					t.Fatal(err)
				}
				return points
			}
		}
		t.Fatal("the stream ended:", lines.Err())
		return nil
	}
	if p := next(); len(p) != 2 || p[0].Used != 3 || p[1].Time != 2 {
		t.Errorf("the first event has %+v", p)
	}
	s.monitor.add(Point{Time: 3, Used: 5})
	if p := next(); len(p) != 1 || p[0].Used != 5 {
		t.Errorf("the second event has %+v", p)
	}
}

func TestLoad(t *testing.T) {
	s := startSite(t)
	post := func(header, value string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.server.URL+"/load", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header, value)
		a, err := s.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(b)
	}
	before := s.db.Stats().OK
	if status, body := post("Accept", "text/plain"); status != 200 || !strings.Contains(body, "answers in") {
		t.Errorf("status %d, %q", status, body)
	}
	if n := s.db.Stats().OK - before; n < loadCallers {
		t.Errorf("the load carried out %d operations", n)
	}
	if n, err := (&store{open(t, testdb.SQLite(t))}).load(t.Context()); err == nil || n != 0 {
		t.Errorf("without tables: %d answers, %v", n, err)
	}
	empty := open(t, testdb.SQLite(t))
	if err := empty.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := (&store{empty}).load(t.Context()); err != nil || n != 0 {
		t.Errorf("of an empty index: %d answers, %v", n, err)
	}
	if status, _ := post("Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("from another site: status %d, want 403", status)
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if status, _ := post("Accept", "text/plain"); status != http.StatusConflict {
		t.Errorf("while it runs: status %d, want 409", status)
	}
	if status, _, _ := s.get(t, "/load"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET /load: status %d, want 405", status)
	}
}

func TestServeEndsWithOpenStreams(t *testing.T) {
	s := startSite(t)
	ctx, quit := context.WithCancel(t.Context())
	s.site.quit = ctx
	h, err := s.site.handler()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- serve(ctx, ln, h) }()
	s.monitor.add(Point{Time: 1})
	r, err := http.Get(address(ln) + "live")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := bufio.NewReader(r.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	quit()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d >= shutdownTimeout {
		t.Errorf("serving ended after %v: the stream was waited for", d)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestListenTellsMistakesFromFailures(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:99999", "127.0.0.1:no-such-service", "no brackets::1:80"} {
		ln, err := listen(t.Context(), bad)
		if err == nil {
			ln.Close()
		}
		if u := (*UsageError)(nil); !errors.As(err, &u) || !strings.Contains(err.Error(), "--listen "+bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = listen(t.Context(), taken.Addr().String())
	if u := (*UsageError)(nil); err == nil || errors.As(err, &u) {
		t.Errorf("an address in use: %v, want a failure, no mistake", err)
	}
}

func TestAddressIsOneThatABrowserCanOpen(t *testing.T) {
	for listenAt, want := range map[string]string{":0": "http://localhost:", "127.0.0.1:0": "http://127.0.0.1:"} {
		ln, err := listen(t.Context(), listenAt)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		if got := address(ln); !strings.HasPrefix(got, want) {
			t.Errorf("%s is served at %s", listenAt, got)
		}
	}
}
