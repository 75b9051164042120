// Package metrics shows a pool to Prometheus.
//
//	prometheus.MustRegister(metrics.NewCollector(db))
//
// A [Collector] reads one snapshot of its pool per scrape. It keeps nothing itself and
// costs nothing between scrapes: the counting is the pool's, one plain counter per
// worker. Nothing that is measured imports this package. Beside it lie a dashboard for
// Grafana (dashboards/spillway.json) and rules for Prometheus (alerts.yml); a test holds
// both to the names below.
//
// # Rules
//
//   - Base units: seconds and counts. Counters end in _total. No unit in a label.
//   - No text of a statement, no argument and no data of users is ever in a label: each
//     label has a fixed, short set of values, so a pool is always the same number of
//     series.
//   - Every metric has the labels pool (Config.Name) and backend (postgres, sqlite).
//     Pools of one process have different names; [Register] refuses a second one of the
//     same name.
//   - No bound is +Inf, not a large number.
//   - Every value of a label is there from the start, at 0, so that a rate sees the
//     first event.
//
// # Metrics
//
// What each one means is its help text, which /metrics shows. The last column lists the
// labels besides pool and backend.
//
//	spillway_pool_connections                  gauge     state
//	spillway_pool_overflow_connections         gauge
//	spillway_pool_size                         gauge
//	spillway_pool_overflow_limit               gauge
//	spillway_pool_limit                        gauge
//	spillway_pool_timeout_seconds              gauge
//	spillway_pool_recycle_seconds              gauge
//	spillway_pool_server_connections_max       gauge
//	spillway_pool_generation                   gauge
//	spillway_pool_up                           gauge
//	spillway_pool_closed                       gauge
//	spillway_pool_connects_total               counter   result
//	spillway_pool_connect_duration_seconds     histogram
//	spillway_pool_closes_total                 counter   reason
//	spillway_pool_pings_total                  counter   result
//	spillway_pool_resets_total                 counter   result
//	spillway_pool_leased_connections           gauge
//	spillway_pool_leases_total                 counter
//	spillway_pool_lease_duration_seconds       histogram
//	spillway_pool_oldest_lease_seconds         gauge
//	spillway_pool_leaks_total                  counter
//	spillway_pool_repeats_total                counter
//	spillway_pool_deadlocks_total              counter
//	spillway_queue_depth                       gauge
//	spillway_queue_limit                       gauge
//	spillway_queue_oldest_seconds              gauge
//	spillway_queue_wait_seconds                histogram
//	spillway_queue_rejected_total              counter   reason
//	spillway_workers                           gauge     state
//	spillway_operations_submitted_total        counter
//	spillway_operations_total                  counter   result
//	spillway_operations_by_class_total         counter   class, result
//	spillway_operation_duration_seconds        histogram
//	spillway_operation_execution_seconds       histogram
//	spillway_statements_total                  counter
//	spillway_shared_read_operations            histogram
//	spillway_shared_write_operations           histogram
//	spillway_merged_lookups_total              counter
//	spillway_flight_resends_total              counter
//	spillway_solo_shapes_total                 counter
//	spillway_flights_total                     counter
//	spillway_transactions_total                counter   result
//	spillway_rows_total                        counter   direction
//	spillway_futures_unobserved_errors_total   counter
//	spillway_build_info                        gauge     go_version, version, pgx_version, sqlite_version
//
// spillway_futures_unobserved_errors_total is there with [WithUnobservedErrors] only.
//
// Submitted operations that are neither in spillway_operations_total nor in
// spillway_queue_rejected_total wait or run now. The result "error" of
// spillway_operations_by_class_total is everything that is not "ok".
package metrics
