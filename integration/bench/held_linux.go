package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// held keeps this process and the sessions of the server on one processor until it is
// let go. A caller alone and its server take turns, one always sleeps: on several
// processors, what counts is whether the kernel happens to keep both on one of them. The
// same side took 26 or 86 µs so, for whole turns, and the medians were a lottery.
func held(ctx context.Context, w *world) (letGo func(), err error) {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("the processors of this process: %w", err)
	}
	first := 0
	for !all.IsSet(first) {
		first++
	}
	one.Set(first)

	rows, err := w.pgx.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname IS NOT NULL AND backend_type = 'client backend'")
	if err != nil {
		return nil, err
	}
	var sessions []int
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			return nil, err
		}
		sessions = append(sessions, pid)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}

	procs := runtime.GOMAXPROCS(1)
	letGo = func() {
		runtime.GOMAXPROCS(procs)
		_ = confine(sessions, &all) // what is not let go ends with its process
	}
	if err := confine(sessions, &one); err != nil {
		letGo()
		return nil, err
	}
	return letGo, nil
}

// confine lets this process and others run on the given processors only. Threads made
// later do as those that make them.
func confine(others []int, to *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	ids := slices.Clone(others)
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("holding process %d on one processor: %w", id, err)
		}
	}
	return nil
}
