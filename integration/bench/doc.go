// Command bench does the same work in Spillway and in its peers, side by side, and prints what
// comes out as ratios. It is a module of its own, so that the peers are in nobody's
// go.sum but its own.
//
//	make bench                     # all measures
//	make bench ONLY=pg/hydrate     # those whose name begins so
//
// Both sides of a comparison run in one process against one database, in turns of a few
// milliseconds, so that whatever else the machine does meets both. A number is the median
// of the rounds; a ratio is theirs divided by ours, so above 1 Spillway is ahead:
//
//	pg/hydrate peer=rows.Scan ours=6.1ms theirs=6.9ms ratio=1.13 goal=1.10 met
//
// Fairness: both sides use prepared statements and the binary protocol, read into fresh
// structs, and have the same columns; nothing is cached between two operations. What a
// peer is best at is what it is asked to do.
//
// The Postgres server is started as the tests start theirs (see internal/testdb), with
// fsync on. To see where our time goes:
//
//	go run . -only pg/alone -cpuprofile cpu.out
//	go tool pprof -tagfocus=side=Get cpu.out
package main
