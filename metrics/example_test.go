package metrics_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/spillwaydb/spillway/metrics"
	"github.com/spillwaydb/spillway/pool"
)

// database stands for what an application opened; a *spillway.DB is one too.
type database struct{}

func (database) Stats() pool.Stats {
	return pool.Stats{Name: "main", Backend: "postgres", Size: 10, Overflow: 20, Used: 7, Idle: 3, Up: true}
}

func ExampleRegister() {
	var db database
	reg := prometheus.NewRegistry()
	if err := metrics.Register(reg, db); err != nil {
		fmt.Println(err)
		return
	}

	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(scrape.Body.String()) {
		if strings.HasPrefix(line, "spillway_pool_connections{") {
			fmt.Print(line)
		}
	}

	fmt.Println(metrics.Register(reg, db) != nil) // the name is taken
	// Output:
	// spillway_pool_connections{backend="postgres",pool="main",state="draining"} 0
	// spillway_pool_connections{backend="postgres",pool="main",state="idle"} 3
	// spillway_pool_connections{backend="postgres",pool="main",state="opening"} 0
	// spillway_pool_connections{backend="postgres",pool="main",state="used"} 7
	// true
}
