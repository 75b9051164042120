package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"
)

// measures are all there are, in the order in which they run. A new one is a file with its
// build function, and a line here.
var measures = []measure{
	{"pg/get", get},
	{"pg/select-256", selectPoint},
	{"pg/write-256", write},
	{"pg/write-errors", writeErrors},
	{"pg/write-hot", writeHot},
	{"pg/insert-256", insert},
	{"pg/session-256", session},
	{"pg/rtt1ms", roundTrip},
	{"pg/mixed", mixture},
	{"pg/hydrate", hydrate},
	{"pg/selectin", selectin},
	{"pg/uow", unitOfWork},
	{"pg/alone", alone},
	{"seed/get", seedGet},
	{"cost/metrics", metricsCost},
	{"cost/submit", submitCost},
	{"sqlite/alone", sqliteAlone},
	{"sqlite/write-64", liteWrite},
	{"sqlite/get-64", liteGet},
	{"sqlite/hydrate", liteHydrate},
	{"sqlite/selectin", liteSelectin},
	{"sqlite/uow", liteUnitOfWork},
}

func main() {
	if role := os.Getenv(childEnv); role != "" {
		if err := hotChild(role, os.Stdout); err != nil {
			os.Exit(1) // the parent was told
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "run the measures whose name begins so")
	pace := pace{}
	flags.IntVar(&pace.rounds, "rounds", 7, "rounds of each measure, at least; the median counts")
	flags.DurationVar(&pace.long, "time", 10*time.Second, "rounds go on for so long")
	flags.DurationVar(&pace.turn, "turn", 10*time.Millisecond, "how long one goroutine works before the next side has its turn; at least once")
	flags.DurationVar(&pace.crowd, "crowd", 250*time.Millisecond, "how long many goroutines work before the next side has its turn")
	small := flags.Bool("small", false, "a hundredth of the rows: to see that it works")
	dir := flags.String("results", "results", "the folder for results.json and results.svg; what was not measured now stays in them. Empty: write none")
	profile := flags.String("cpuprofile", "", "write a CPU profile to this file, labeled by side")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var chosen []measure
	for _, m := range measures {
		if strings.HasPrefix(m.name, *only) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no measure begins with %q", *only)
	}
	if pace.rounds < 1 {
		return fmt.Errorf("-rounds %d: want 1 or more", pace.rounds)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	w := newWorld(*small)
	defer w.close()
	var all []result
	var failed []error
	for _, m := range chosen {
		got, err := m.run(ctx, w, pace)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err = fmt.Errorf("%s: %w", m.name, err)
			fmt.Fprintln(out, "FAILED", err)
			failed = append(failed, err)
		}
		for _, r := range got {
			fmt.Fprintln(out, r.line())
		}
		all = append(all, got...)
	}
	if err := table(out, all); err != nil {
		return err
	}
	if *dir != "" {
		failed = append(failed, report(*dir, all))
	}
	return errors.Join(failed...)
}

// run makes a measure ready and runs it. What fails here keeps no other measure from
// running.
func (m measure) run(ctx context.Context, w *world, p pace) ([]result, error) {
	c, err := m.build(ctx, w)
	if err != nil {
		return nil, err
	}
	return c.compare(ctx, p)
}
