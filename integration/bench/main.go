package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"
)

// measures are all there are, in the order in which they run.
var measures = []measure{
	{"pg/hydrate", hydrate},
	{"pg/selectin", selectin},
	{"pg/uow", unitOfWork},
	{"pg/alone", alone},
	{"sqlite/alone", sqliteAlone},
}

func main() {
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
	flags.DurationVar(&pace.turn, "turn", 10*time.Millisecond, "how long one side works before the next has its turn; at least once")
	small := flags.Bool("small", false, "a hundredth of the rows: to see that it works")
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
	for _, m := range chosen {
		c, err := m.build(ctx, w)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		got, err := c.compare(ctx, pace)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range got {
			fmt.Fprintln(out, r.line())
		}
		all = append(all, got...)
	}
	return table(out, all)
}
