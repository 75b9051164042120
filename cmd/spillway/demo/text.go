package demo

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// WriteText prints the report for a reader. On a terminal long lists have bars and
// colour; in a pipe they are plain columns.
func (r *Report) WriteText(w io.Writer, t Terminal) error {
	p := &textReport{w: bufio.NewWriter(w), t: t}
	p.head(r)
	for _, a := range r.Answers {
		p.answer(a)
	}
	p.work(r)
	return p.w.Flush()
}

// textReport writes; the buffer keeps the first error.
type textReport struct {
	w *bufio.Writer
	t Terminal
}

func (p *textReport) line(s string) { p.w.WriteString(strings.TrimRight(s, " ") + "\n") }

// fact prints a labelled line.
func (p *textReport) fact(label, text string) {
	p.line("  " + p.t.dim(fmt.Sprintf("%-14s", label)) + text)
}

func (p *textReport) head(r *Report) {
	p.line("")
	p.line(p.t.title("Spillway demo"))
	p.fact("source", r.Source)
	p.fact("database", r.Database+p.t.dim(" ("+r.Backend+")"))
	p.fact("index", fmt.Sprintf("%s packages, %s files, %s declarations, %s imports",
		p.count(r.Packages), p.count(r.Files), p.count(r.Declarations), p.count(r.Imports)))
	p.fact("this run", fmt.Sprintf("%s files indexed, %s removed, %s unchanged",
		group(int64(r.Indexed)), group(int64(r.Removed)), group(int64(r.Unchanged))))
	const shown = 5
	for _, s := range r.Problems[:min(shown, len(r.Problems))] {
		p.fact("", p.t.warn("parsed in part: "+s))
	}
	if more := len(r.Problems) - shown; more > 0 {
		p.fact("", p.t.warn(fmt.Sprintf("and %d more files parsed in part", more)))
	}
}

func (p *textReport) count(n int64) string { return p.t.bold(group(n)) }

// answer prints a list with its values right-aligned, and bars where there is room.
func (p *textReport) answer(a Answer) {
	p.line("")
	p.line(p.t.bold(a.Question) + p.t.dim(" ("+a.Unit+")"))
	if len(a.Rows) == 0 {
		p.line("  nothing found")
		return
	}
	label, value, note := 0, 0, 0
	var most int64 = 1
	for _, row := range a.Rows {
		label = max(label, utf8.RuneCountInString(row.Label))
		note = max(note, utf8.RuneCountInString(row.Note))
		value = max(value, len(group(row.Value)))
		most = max(most, row.Value)
	}
	label = min(label, max(24, p.t.Width-value-note-8))
	room := min(24, p.t.Width-label-value-note-8)
	for _, row := range a.Rows {
		line := "  " + pad(clip(row.Label, label), label) + "  " + fmt.Sprintf("%*s", value, group(row.Value))
		if p.t.Live && room >= 8 {
			line += "  " + p.t.accent(pad(bar(float64(row.Value)/float64(most), room), room))
		}
		if row.Note != "" {
			line += "  " + p.t.dim(row.Note)
		}
		p.line(line)
	}
}

func (p *textReport) work(r *Report) {
	s := r.Pool
	p.line("")
	p.line(p.t.bold("Work"))
	p.fact("rows written", p.count(int64(r.RowsWritten)))
	p.fact("statements", fmt.Sprintf("%s in %s flights, %s commits",
		p.count(int64(r.Statements)), group(int64(s.Flights)), group(int64(r.Commits))))
	p.fact("time", fmt.Sprintf("%s (indexing %s, %d questions at once %s)", p.t.bold(seconds(r.Seconds)),
		seconds(r.IndexSeconds), len(r.Answers), seconds(r.QuestionSeconds)))
	if r.IndexSeconds > 0 && r.Indexed > 0 {
		p.fact("speed", fmt.Sprintf("%s files and %s rows written each second",
			group(int64(float64(r.Indexed)/r.IndexSeconds)), group(int64(float64(r.RowsWritten)/r.IndexSeconds))))
	}
	p.line("")
	p.line(p.t.bold("Pool"))
	p.fact("connections", fmt.Sprintf("size %d, overflow %d; opened %d, most in use %d", s.Size, s.Overflow, s.Connects, s.MostUsed))
	p.fact("operations", fmt.Sprintf("%s, %d failed, most waiting %s; %s rows read",
		group(int64(s.Operations)), s.Failed, group(int64(s.MostWaiting)), group(int64(s.RowsRead))))
	p.fact("wait", fmt.Sprintf("%s median, %s at the 99th percentile", millis(s.WaitP50), millis(s.WaitP99)))
	p.fact("execution", fmt.Sprintf("%s median, %s at the 99th percentile", millis(s.ExecutionP50), millis(s.ExecutionP99)))
}

// group writes n with a comma between thousands.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
}

func millis(ms float64) string {
	switch {
	case ms >= 10:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	case ms >= 0.1:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(ms*1000, 'f', 0, 64) + " µs"
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// clip shortens s to width, keeping its end: in paths that is the part that tells most.
func clip(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return "…" + string(r[len(r)-width+1:])
}

// bar draws a share from 0 to 1 as a bar with a resolution of an eighth of a column.
func bar(share float64, width int) string {
	eighths := int(share*float64(width)*8 + 0.5)
	s := strings.Repeat("█", eighths/8)
	if part := eighths % 8; part > 0 {
		s += string(rune('█' + 8 - part)) // the block elements shrink by eighths
	}
	return s
}
