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
	rounds := flags.Int("rounds", 7, "rounds of each measure; the median counts")
	turn := flags.Duration("turn", 40*time.Millisecond, "how long one side works before the other has its turn")
	turns := flags.Int("turns", 5, "turns of each side per round")
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
	if *rounds < 1 || *turns < 1 {
		return fmt.Errorf("-rounds and -turns want 1 or more")
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
		got, err := c.compare(ctx, pace{*rounds, *turns, *turn})
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
