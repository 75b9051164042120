package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// held keeps this process and the sessions of the server on one processor until it is
// let go. A caller alone and its server take turns, one always sleeps: on several
// processors, what counts is whether the kernel happens to keep both on one of them. The
// same side took 26 or 86 µs so, for whole turns, and the medians were a lottery.
func (w *world) held(ctx context.Context) (letGo func() error, err error) {
	rows, err := w.pgx.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
	if err != nil {
		return nil, err
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, err
	}
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("the processors of this process: %w", err)
	}
	first := 0
	for !all.IsSet(first) {
		first++
	}
	one.Set(first)

	procs := runtime.GOMAXPROCS(1)
	letGo = func() error {
		runtime.GOMAXPROCS(procs)
		return confine(sessions, &all)
	}
	if err := confine(sessions, &one); err != nil {
		return nil, errors.Join(err, letGo())
	}
	return letGo, nil
}

// confine lets this process and others run on the given processors only.
func confine(others []int, to *unix.CPUSet) error {
	for _, id := range others {
		if err := confineOne(id, to); err != nil {
			return err
		}
	}
	// A thread runs where the one that made it did. So no thread is left out as soon as
	// there is none that is new.
	done := map[int]bool{}
	for more := true; more; {
		more = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				return err
			}
			if done[id] {
				continue
			}
			if err := confineOne(id, to); err != nil {
				return err
			}
			done[id], more = true, true
		}
	}
	return nil
}

// confineOne does it for a process or a thread; one that has ended runs nowhere.
func confineOne(id int, to *unix.CPUSet) error {
	if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("choosing the processors of process %d: %w", id, err)
	}
	return nil
}
