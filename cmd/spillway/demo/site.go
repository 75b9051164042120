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

	"github.com/arl/statsviz"
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

// handler returns the site's pages. release frees what they hold.
func (s *site) handler() (h http.Handler, release func(), err error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := metrics.Register(registry, s.store.db, metrics.WithUnobservedErrors(async.Unobserved)); err != nil {
		return nil, nil, err
	}
	detail, err := s.statsviz()
	if err != nil {
		return nil, nil, err
	}
	static, err := fs.Sub(web, "web")
	if err != nil {
		return nil, nil, err
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
	detail.Register(mux)
	// Other sites' pages may link here, but not make the pool work.
	return http.NewCrossOriginProtection().Handler(mux), func() { detail.Close() }, nil
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

// statsviz is a page with the Go runtime's charts and, above them, the pool's.
func (s *site) statsviz() (*statsviz.Server, error) {
	last := func(get func(Point) float64) func() float64 {
		return func() float64 {
			points, _ := s.monitor.since(0)
			if len(points) == 0 {
				return 0
			}
			return get(points[len(points)-1])
		}
	}
	var options []statsviz.Option
	for _, c := range []statsviz.TimeSeriesPlotConfig{
		{
			Name: "spillway-connections", Title: "Pool: connections", YAxisTitle: "connections", BarMode: statsviz.Stack, Type: statsviz.Bar,
			InfoText: "Connections in use, idle and being opened.",
			Series: []statsviz.TimeSeries{
				{Name: "in use", Unitfmt: "d", GetValue: last(func(p Point) float64 { return float64(p.Used) })},
				{Name: "idle", Unitfmt: "d", GetValue: last(func(p Point) float64 { return float64(p.Idle) })},
				{Name: "opening", Unitfmt: "d", GetValue: last(func(p Point) float64 { return float64(p.Opening) })},
			},
		},
		{
			Name: "spillway-queue", Title: "Pool: queue", YAxisTitle: "operations",
			InfoText: "Operations that wait for a connection.",
			Series:   []statsviz.TimeSeries{{Name: "waiting", Unitfmt: "d", GetValue: last(func(p Point) float64 { return float64(p.Waiting) })}},
		},
		{
			Name: "spillway-throughput", Title: "Pool: throughput", YAxisTitle: "per second",
			InfoText: "Operations and statements that ended, per second.",
			Series: []statsviz.TimeSeries{
				{Name: "operations", Unitfmt: ".0f", GetValue: last(func(p Point) float64 { return p.Operations })},
				{Name: "statements", Unitfmt: ".0f", GetValue: last(func(p Point) float64 { return p.Statements })},
			},
		},
		{
			Name: "spillway-latency", Title: "Pool: latency", YAxisTitle: "milliseconds",
			InfoText: "From submit to answer.",
			Series: []statsviz.TimeSeries{
				{Name: "median", Unitfmt: ".2f", GetValue: last(func(p Point) float64 { return p.P50 })},
				{Name: "99th percentile", Unitfmt: ".2f", GetValue: last(func(p Point) float64 { return p.P99 })},
			},
		},
	} {
		plot, err := c.Build()
		if err != nil {
			return nil, err
		}
		options = append(options, statsviz.TimeseriesPlot(plot))
	}
	return statsviz.NewServer(options...)
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
