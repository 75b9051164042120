//go:build !js

package migrate_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
)

// childURL in the environment makes the test binary a program that opens that database
// with three migrations, and prints how many its Open applied.
const childURL = "SPILLWAY_TEST_MIGRATE_URL"

func inChild() bool {
	url := os.Getenv(childURL)
	if url == "" {
		return false
	}
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil { // all start at once
		fmt.Println(err)
	}
	log := &countingLog{}
	db, err := spillway.Open(context.Background(), spillway.Config{URL: url, Migrations: three(), Logger: log.logger()})
	if err != nil {
		fmt.Println("failed:", err)
		return true
	}
	fmt.Println("applied", log.applied.Load())
	db.Close()
	return true
}

// Eight processes start at once with three pending migrations: one applies them, none
// fails.
func TestEightProcessesStartAtOnce(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		outputs := make([]string, 8)
		var wg sync.WaitGroup
		for i := range outputs {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), childURL+"="+url)
			cmd.Stdin = r
			wg.Go(func() {
				out, err := cmd.CombinedOutput()
				if err != nil {
					out = append(out, err.Error()...)
				}
				outputs[i] = strings.TrimSpace(string(out))
			})
		}
		if _, err := w.WriteString("12345678"); err != nil {
			t.Error(err)
		}
		w.Close()
		wg.Wait()
		count := map[string]int{}
		for _, out := range outputs {
			count[out]++
		}
		if count["applied 3"] != 1 || count["applied 0"] != 7 {
			t.Errorf("the processes said %q", outputs)
		}
		if got := tables(t, open(t, url)); got != "abc" {
			t.Errorf("tables %s", got)
		}
	})
}
