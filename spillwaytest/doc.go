// Package spillwaytest helps to test programs that use Spillway: it gives each test a
// database of its own, prepared once and copied, and counts the queries of a piece of code.
//
//	var shop = spillwaytest.New(spillway.Config{Migrations: migrations.Files},
//		func(ctx context.Context, db *spillway.DB) error { return seed(ctx, db) })
//
//	func TestMain(m *testing.M) { shop.Main(m) }
//
//	func TestOrders(t *testing.T) {
//		t.Parallel()
//		db := shop.Open(t)
//		spillwaytest.Queries(t, db, 2, func() { listOrders(t.Context(), db) })
//	}
//
// # Copies, not rollbacks
//
// Other libraries run each test in a transaction that is rolled back. That hides what goes
// wrong at the commit, has one connection for everything, and so no concurrency. A copy of
// a small database is quick as well (a file is copied; CREATE DATABASE … TEMPLATE takes
// some 30 ms) and the test commits, locks and runs in parallel as the program does.
package spillwaytest
