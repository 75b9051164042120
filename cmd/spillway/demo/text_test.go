package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func sampleReport() *Report {
	return &Report{
		Source: "/usr/local/go/src", Database: "/home/ada/spillway-demo.db", Backend: "sqlite",
		Packages: 1012, Files: 6495, Declarations: 310440, Imports: 25483,
		Indexed: 6493, Removed: 1, Unchanged: 1,
		Problems:    []string{"a.go: line 1: expected 'package'", "b.go: x", "c.go: x", "d.go: x", "e.go: x", "f.go: x", "g.go: x"},
		RowsWritten: 343430, Statements: 7012, Commits: 409,
		Seconds: 6.24, IndexSeconds: 6.01, QuestionSeconds: 0.231,
		Answers: []Answer{
			{Question: "Most imported packages", Unit: "files that import it", Rows: []AnswerRow{
				{Label: "testing", Value: 1820}, {Label: "fmt", Note: "a note", Value: 455}, {Label: "os", Value: 1},
			}},
			{Question: "Who declares most methods called Zzz", Unit: "methods"},
			{Question: "Longest functions", Unit: "lines", Rows: []AnswerRow{
				{Label: "a/very/long/path/that/does/not/fit/into/the/width/of/this/terminal/because/it/is/long.rewriteValueAMD64", Note: "x.go:12", Value: 12},
			}},
		},
		Pool: Pool{
			Size: 10, Overflow: 20, Operations: 8123, Failed: 0, RowsRead: 12345, Flights: 6800, Connects: 11,
			MostUsed: 9, MostWaiting: 1240, WaitP50: 0.012, WaitP99: 14.2, ExecutionP50: 0.31, ExecutionP99: 22.5,
		},
	}
}

func TestWriteTextIsGolden(t *testing.T) {
	for name, terminal := range map[string]Terminal{
		"pipe":     {Width: 80},
		"terminal": {Live: true, Color: true, Width: 100},
		"narrow":   {Live: true, Width: 40},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := sampleReport().WriteText(&b, terminal); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden", b.Bytes())
			if !terminal.Color && strings.Contains(b.String(), "\x1b") {
				t.Error("colour where there should be none")
			}
			if strings.Contains(b.String(), "█") != terminal.Live {
				t.Error("bars belong on a terminal, and only there")
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update writes it):\n%s", file, got)
	}
}

func TestWriteJSONHasTheFieldsThatScriptsRead(t *testing.T) {
	var b bytes.Buffer
	if err := sampleReport().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&b)
	var got map[string]any
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"files": 6495.0, "declarations": 310440.0, "imports": 25483.0, "rows_written": 343430.0,
		"statements": 7012.0, "commits": 409.0, "seconds": 6.24, "database": "/home/ada/spillway-demo.db",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	if d.More() {
		t.Error("more than one JSON value")
	}
}

type failingWriter struct{}

var errFull = errors.New("disk full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func TestWriteTextReportsAnOutputThatFails(t *testing.T) {
	if err := sampleReport().WriteText(failingWriter{}, Terminal{Width: 80}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if got := group(n); got != want {
			t.Errorf("group(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestBarFillsItsWidth(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  string
	}{{0, ""}, {0.5, "████"}, {1, "████████"}, {1.0 / 64, "▏"}, {7.0 / 64, "▉"}, {9.0 / 64, "█▏"}} {
		if got := bar(c.share, 8); got != c.want {
			t.Errorf("bar(%v) = %q, want %q", c.share, got, c.want)
		}
	}
}

func TestClipKeepsTheEnd(t *testing.T) {
	if got := clip("internal/größe", 6); got != "…größe" || utf8.RuneCountInString(got) != 6 {
		t.Errorf("clip = %q", got)
	}
}
