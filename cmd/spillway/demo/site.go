package demo

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/metrics"
)

//go:embed web
var web embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"group": func(n any) string {
		switch n := n.(type) {
		case int:
			return group(int64(n))
		case uint64:
			return group(int64(n))
		case int64:
			return group(n)
		}
		return "?"
	},
	"share": func(n, most int64) string { return strconv.FormatFloat(100*float64(n)/float64(most), 'f', 1, 64) },
}).ParseFS(web, "web/page.html"))

// A site shows the index and the pool in a browser. It serves from the start of the run
// on; the report comes when it is there.
type site struct {
	store    *store
	monitor  *monitor
	tree     fs.FS  // the indexed files
	source   string // and where they are
	database string

	report atomic.Pointer[Report]
	// quit ends what would otherwise outlive the server: streams and load.
	quit     context.Context
	loadTime time.Duration
	loading  sync.Mutex // held while the button's load runs
}

// handler returns the site's pages.
func (s *site) handler() (http.Handler, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := metrics.Register(registry, s.store.db, metrics.WithUnobservedErrors(async.Unobserved)); err != nil {
		return nil, err
	}
	static, err := fs.Sub(web, "web")
	if err != nil {
		return nil, err
	}
	assets := http.NewServeMux()
	for _, name := range []string{"style.css", "page.js", "icon.svg"} {
		assets.HandleFunc("GET /assets/"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, static, name)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/assets/", guard(assets))
	mux.Handle("GET /{$}", guard(http.HandlerFunc(s.index)))
	mux.Handle("GET /search", guard(http.HandlerFunc(s.search)))
	mux.Handle("GET /source/{file}", guard(http.HandlerFunc(s.sourceFile)))
	mux.Handle("GET /live", guard(http.HandlerFunc(s.live)))
	mux.Handle("POST /load", guard(http.HandlerFunc(s.startLoad)))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.HandleFunc("GET /healthz", s.health)
	// Other sites' pages may link here, but not make the pool work.
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// guard lets pages use nothing but what this server sends.
func guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cache-Control", "no-cache")
		h.ServeHTTP(w, r)
	})
}

// live streams points as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), the kept ones first.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	var last int64
	for {
		points, news := s.monitor.since(last)
		if len(points) > 0 {
			last = points[len(points)-1].Time
			data, err := json.Marshal(points)
			if err != nil {
				return
			}
			// A reader that takes nothing for that long is gone.
			if err := control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				return
			}
			if _, err := w.Write([]byte("data: " + string(data) + "\n\n")); err != nil {
				return
			}
			if err := control.Flush(); err != nil {
				return
			}
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		case <-s.quit.Done():
			return
		}
	}
}
