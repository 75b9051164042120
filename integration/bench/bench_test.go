package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary be a process of a measure too, as the program can.
func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		if hotChild(role, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Every measure runs with few rows, so that none rots; how fast is not asked.
func TestMeasuresRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-small", "-rounds=1", "-time=0", "-turn=1ms", "-crowd=5ms", "-results=" + t.TempDir()}, &out); err != nil {
		t.Fatal(err)
	}
	for _, m := range measures {
		if !strings.Contains("\n"+out.String(), "\n"+m.name) {
			t.Errorf("no line for %s in:\n%s", m.name, out.String())
		}
	}
}

func TestUnknownMeasure(t *testing.T) {
	if err := run(t.Context(), []string{"-only=pg/nothing", "-results="}, nil); err == nil || !strings.Contains(err.Error(), "pg/nothing") {
		t.Fatalf("want an error that names it, got %v", err)
	}
}
