package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/spillwaydb/spillway/pool"
)

// A Source is what a [Collector] measures: a pool, or the database that owns one. Its
// Stats is called once per scrape, maybe from several goroutines at a time.
type Source interface {
	Stats() pool.Stats
}

// A Collector shows one pool to Prometheus. It keeps nothing and runs nothing between
// scrapes. It is safe for concurrent use.
type Collector struct {
	src        Source
	unobserved func() uint64

	pool, backend string // the labels of every metric
	descs         []*prometheus.Desc
	build         prometheus.Metric
	futures       *prometheus.Desc // nil without WithUnobservedErrors
}

var _ prometheus.Collector = (*Collector)(nil)

// An Option changes what a [Collector] shows.
type Option func(*Collector)

// WithUnobservedErrors adds spillway_futures_unobserved_errors_total, read from count at
// each scrape: the number of futures that failed and were dropped before anyone looked
// at the error. count must be safe for concurrent use and must only grow.
func WithUnobservedErrors(count func() uint64) Option {
	return func(c *Collector) { c.unobserved = count }
}

// NewCollector returns a collector of src. The labels pool and backend are read from
// src now and stay; every other value is read at each scrape. Hand the collector to
// [Register], which explains a clash of names, or to a Registerer's own method.
func NewCollector(src Source, opts ...Option) *Collector {
	s := src.Stats()
	c := &Collector{src: src, pool: s.Name, backend: s.Backend}
	for _, opt := range opts {
		opt(c)
	}
	labels := prometheus.Labels{"pool": s.Name, "backend": s.Backend}
	for _, f := range families {
		c.descs = append(c.descs, prometheus.NewDesc(namespace+f.name, f.help, f.labels, labels))
	}
	c.build = buildInfo(labels)
	if c.unobserved != nil {
		c.futures = prometheus.NewDesc(namespace+"futures_unobserved_errors_total",
			"Futures that failed and were dropped before anyone looked at the error.", nil, labels)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
	ch <- c.build.Desc()
	if c.futures != nil {
		ch <- c.futures
	}
}

// Collect implements [prometheus.Collector]: it takes one snapshot and sends what is in
// it.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.src.Stats()
	for i, f := range families {
		if f.histogram != nil {
			ch <- constHistogram(c.descs[i], f.histogram(&s))
			continue
		}
		if f.sizes != nil {
			n := f.sizes(&s)
			buckets, count := n.Buckets(), n.Count
			for _, b := range buckets {
				count = max(count, b)
			}
			ch <- prometheus.MustNewConstHistogram(c.descs[i], count, float64(n.Sum), buckets)
			continue
		}
		f.values(&s, func(v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(c.descs[i], f.typ, v, labels...)
		})
	}
	ch <- c.build
	if c.futures != nil {
		ch <- prometheus.MustNewConstMetric(c.futures, prometheus.CounterValue, float64(c.unobserved()))
	}
}

// constHistogram turns h into a metric. While h was read its pool went on counting, so
// the buckets may hold an observation that Count misses yet; Prometheus wants the total
// to be no less than the last bucket.
func constHistogram(d *prometheus.Desc, h *pool.Histogram) prometheus.Metric {
	buckets, count := h.Buckets(), h.Count
	for _, n := range buckets {
		count = max(count, n)
	}
	return prometheus.MustNewConstHistogram(d, count, float64(h.Sum)/1e9, buckets)
}
