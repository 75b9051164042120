package metrics

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// Modules whose versions build_info shows, by label.
var buildModules = []struct{ label, module string }{
	{"version", "github.com/spillwaydb/spillway"},
	{"pgx_version", "github.com/jackc/pgx/v5"},
	{"sqlite_version", "github.com/ncruces/go-sqlite3"},
}

// buildInfo returns the constant metric 1 whose labels name the versions this program
// was built from; "unknown" where the build does not tell.
func buildInfo(labels prometheus.Labels) prometheus.Metric {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Replace != nil {
				m = m.Replace
			}
			versions[m.Path] = m.Version
		}
	}
	names, values := []string{"go_version"}, []string{runtime.Version()}
	for _, m := range buildModules {
		v := versions[m.module]
		if v == "" {
			v = "unknown"
		}
		names, values = append(names, m.label), append(values, v)
	}
	desc := prometheus.NewDesc(namespace+"build_info", "The versions this program was built from; always 1.", names, labels)
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, 1, values...)
}
