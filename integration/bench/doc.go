// Command bench does the same work in Spillway and in its peers, side by side, and prints what
// comes out as ratios. It is a module of its own, so that the peers are in nobody's
// go.sum but its own.
//
//	make bench                     # all measures
//	make bench ONLY=pg/hydrate     # those whose name begins so
//
// Both sides of a comparison run in one process against one database, in turns: of a few
// milliseconds where one goroutine works, of a quarter of a second where hundreds do. So
// whatever else the machine does meets both. A number is the median of the turns, and a
// ratio is above 1 where Spillway is ahead:
//
//	pg/hydrate peer=rows.Scan ours=6.1ms theirs=6.9ms ratio=1.13 goal=1.10 met
//
// results/results.json holds the last result of each measure, results/results.svg draws
// them; -results writes elsewhere.
//
// # Correctness
//
// Every side checks what it gets: rows carry what tells them apart, a read that begins
// after a write was acknowledged has to see it, and when the turns are over the database
// has to hold what was acknowledged. An error nobody expects, or a check that fails, fails
// the measure.
//
// # A new measure
//
// Write a file with a function that makes a contest: sides that do the work (add for one
// goroutine, crowd for many) and pairs that compare them. Add a line to the table in
// main.go. The test runs it with few rows.
//
// # Fairness
//
// Both sides use prepared statements and the binary protocol, read into fresh structs, and
// have the same columns; nothing is cached between two operations. What a peer is best at
// is what it is asked to do.
//
// A caller alone (pg/alone) and its server are held on one processor (Linux): one of the two
// always sleeps, and whether the kernel wakes it on the same processor or on another would
// decide over the ratio.
//
// On SQLite the peers are the three drivers of database/sql: mattn (C), modernc and ncruces,
// all with WAL, every commit synced and foreign keys checked, as Spillway has it; the best
// of them counts, and GORM and bun sit on the best. ncruces is there in make bench only:
// it and mattn register the same name, so its name has to be changed by the linker.
//
// The Postgres server is started as the tests start theirs (see internal/testdb), with
// fsync on. To see where our time goes:
//
//	go run . -only pg/alone -cpuprofile cpu.out
//	go tool pprof -tagfocus=side=Get cpu.out
package main
