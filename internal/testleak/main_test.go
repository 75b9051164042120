package testleak_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) { testleak.Main(m) }

func stuck(c chan struct{}) { <-c }

func TestWaitReportsAGoroutineThatStaysAndOnlyThat(t *testing.T) {
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { defer close(done); stuck(stop) }()
	left := testleak.Wait(50 * time.Millisecond)
	if len(left) != 1 || !strings.Contains(left[0], "testleak_test.stuck") {
		t.Errorf("Wait returned %d stacks, want the one of stuck: %q", len(left), left)
	}
	close(stop)
	<-done
	if left := testleak.Wait(testleak.Grace); len(left) != 0 {
		t.Errorf("Wait returned %q after the goroutine ended", left)
	}
}

func TestWaitLetsAGoroutineEnd(t *testing.T) {
	stop := make(chan struct{})
	time.AfterFunc(20*time.Millisecond, func() { close(stop) })
	go stuck(stop)
	if left := testleak.Wait(testleak.Grace); len(left) != 0 {
		t.Errorf("Wait did not wait: %q", left)
	}
}
