package integration

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/driver/sqlite"
	"github.com/spillwaydb/spillway/internal/faultvfs"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

// cutPower lets 64 goroutines insert and cuts the power several times while they do: it
// returns how many acknowledged rows each cut has lost. keep decides what becomes of
// each sector that was not synced.
func cutPower(t *testing.T, level sqlite.Synchronous, keep func() bool) (lost []int) {
	t.Helper()
	const writers, each, cuts = 64, 40, 8
	ctx := t.Context()
	disk := faultvfs.New()
	defer disk.Close()
	c, err := sqlite.New(sqlite.Config{
		Path: filepath.Join(t.TempDir(), "test.db"), VFS: disk.Name(), Synchronous: level,
		Pragmas: []sqlite.Pragma{{Name: "wal_autocheckpoint", Value: "50"}}, // cut in checkpoints too
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.New(c, pool.Config{GroupWrites: pool.GroupAuto})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	db, err := models.NewEngine(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.CreateTables(ctx, db); err != nil {
		t.Fatal(err)
	}

	var mu sync.Mutex
	acked := map[int64]string{}
	moments := map[int]bool{} // cut when that many rows are acknowledged
	for len(moments) < cuts {
		moments[1+rand.N(writers*each)] = true
	}
	cut := make(chan struct{}, cuts)
	var busy sync.WaitGroup
	for w := range writers {
		busy.Go(func() {
			for i := range each {
				x := &entry{Owner: int64(w), Token: fmt.Sprintf("%d/%d", w, i)}
				if err := models.Create(ctx, db, x); err != nil {
					t.Errorf("insert: %v", err)
					return
				}
				mu.Lock()
				acked[x.ID] = x.Token
				if moments[len(acked)] {
					cut <- struct{}{}
				}
				mu.Unlock()
			}
		})
	}
	written := make(chan struct{})
	go func() { busy.Wait(); close(written) }()
	for n := 0; n < cuts; n++ {
		select {
		case <-cut:
		case <-written:
			select {
			case <-cut:
			default:
				return lost // fewer moments came than planned: an insert failed
			}
		}
		mu.Lock()
		want := make(map[int64]string, len(acked))
		for id, token := range acked {
			want[id] = token
		}
		mu.Unlock()
		dir := t.TempDir()
		if err := disk.PowerLoss(dir, keep); err != nil {
			t.Fatal(err)
		}
		missing := 0
		stored := storedAfter(t, filepath.Join(dir, "test.db"), level)
		for id, token := range want {
			if stored[id] != token {
				missing++
			}
		}
		lost = append(lost, missing)
		t.Logf("cut %d: %d rows acknowledged, %d found, %d of the acknowledged lost", n+1, len(want), len(stored), missing)
	}
	<-written
	s := p.Stats().SharedWrites
	t.Logf("%d rows shared %d commits", s.Sum, s.Count)
	if s.Sum == 0 {
		t.Error("no commit was shared")
	}
	return lost
}

// storedAfter reads what a power loss has left. Without syncs that may be nothing that
// opens.
func storedAfter(t *testing.T, file string, level sqlite.Synchronous) map[int64]string {
	t.Helper()
	if level == sqlite.Off {
		db, err := spillway.Open(t.Context(), spillway.Config{URL: "sqlite:" + filepath.ToSlash(file)})
		if err != nil {
			return nil
		}
		defer db.Close()
		out := map[int64]string{}
		rows, err := models.All(t.Context(), db, models.From(entryT))
		if err != nil {
			return nil
		}
		for _, r := range rows {
			out[r.ID] = r.Token
		}
		return out
	}
	stored := storedBySpillway(t, "sqlite:"+filepath.ToSlash(file))
	if again := storedInFile(t, file); len(again) != len(stored) {
		t.Fatalf("Spillway finds %d rows, SQLite alone %d", len(stored), len(again))
	}
	return stored
}

func TestAcknowledgedRowsOfManyWritersSurviveAPowerLoss(t *testing.T) {
	for name, keep := range map[string]func() bool{
		"nothing unsynced kept":     nil,
		"some of the unsynced kept": func() bool { return rand.N(2) == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			lost := cutPower(t, sqlite.Full, keep)
			if len(lost) == 0 {
				t.Fatal("the power was never cut")
			}
			for n, rows := range lost {
				if rows > 0 {
					t.Errorf("cut %d lost %d acknowledged rows", n+1, rows)
				}
			}
		})
	}
}

// Without syncs rows are lost: the disk does what it says, and the test above can fail.
func TestWithoutSyncAPowerLossLosesAcknowledgedRows(t *testing.T) {
	sum := 0
	for _, rows := range cutPower(t, sqlite.Off, nil) {
		sum += rows
	}
	if sum == 0 {
		t.Error("nothing was lost with synchronous=off")
	}
}
