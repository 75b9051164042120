package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	queryLimit  = 100 // longest name to search for, in bytes
	hitLimit    = 50  // hits shown
	linesAround = 300 // lines of a file shown before and after the one asked for
	healthLimit = 2 * time.Second
)

type indexPage struct {
	Title, Source, Database string
	Done                    bool
	Counts                  counts
	RowsWritten             uint64
	Took                    string
	Size, Overflow          int
	LoadNote                string
	Search                  searchPage
	Answers                 []Answer
}

type searchPage struct {
	searchQuery
	Kinds   []string
	Problem string
	Asked   bool // whether there was something to search for
	Hits    []hit
	Total   int64
	Took    string
}

// More reports whether not all hits are shown.
func (p searchPage) More() bool { return p.Total > int64(len(p.Hits)) }

// Most is the largest value of the answer, at least 1.
func (a Answer) Most() int64 {
	var most int64 = 1
	for _, r := range a.Rows {
		most = max(most, r.Value)
	}
	return most
}

func (s *site) index(w http.ResponseWriter, r *http.Request) {
	stats := s.store.db.Stats()
	size := stats.Size
	if stats.Backend == "sqlite" {
		size++ // the writer, beside Size readers
	}
	page := indexPage{
		Title: "Spillway demo", Source: s.source, Database: s.database,
		Size: size, Overflow: stats.Overflow, LoadNote: loadNote,
		Search: searchPage{Kinds: Kinds},
	}
	if report := s.report.Load(); report != nil {
		page.Done = true
		page.Counts = counts{report.Packages, report.Files, report.Declarations, report.Imports}
		page.RowsWritten, page.Took, page.Answers = report.RowsWritten, seconds(report.Seconds), report.Answers
	} else if n, err := s.store.count(r.Context()).Await(r.Context()); err == nil { // else: the page shows zeros while it begins
		page.Counts = n
	}
	render(w, http.StatusOK, "index", page)
}

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	q := searchQuery{Query: strings.TrimSpace(r.FormValue("q")), Kind: r.FormValue("kind"), Match: r.FormValue("match")}
	page := searchPage{searchQuery: q, Kinds: Kinds, Asked: q.Query != ""}
	status := http.StatusOK
	switch {
	case len(q.Query) > queryLimit || !utf8.ValidString(q.Query) || strings.ContainsRune(q.Query, 0):
		page.Problem, status = fmt.Sprintf("A name has at most %d bytes of text.", queryLimit), http.StatusBadRequest
	case q.Kind != "" && !slices.Contains(Kinds, q.Kind):
		page.Problem, status = "There is no such kind of declaration.", http.StatusBadRequest
	case page.Asked:
		start := time.Now()
		var err error
		if page.Hits, page.Total, err = s.store.search(r.Context(), q, hitLimit); err != nil {
			page.Problem, status = "The database does not answer: "+err.Error(), http.StatusServiceUnavailable
		}
		page.Took = seconds(time.Since(start).Seconds())
	}
	if r.FormValue("fragment") != "" {
		render(w, status, "results", page)
		return
	}
	title := "Search"
	if page.Asked {
		title = q.Query
	}
	render(w, status, "search", struct {
		Title  string
		Search searchPage
	}{title + " · Spillway demo", page})
}

// A sourceLine is one line of the source page.
type sourceLine struct {
	Number int
	Text   string
	Here   bool
}

// sourceFile shows a part of an indexed file. The path comes from the database, never
// from the request, and the file system is confined to the tree.
func (s *site) sourceFile(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("file"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	file, pkg, err := s.store.file(r.Context(), id)
	if err != nil {
		http.Error(w, "The database does not answer: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	if file == nil {
		http.NotFound(w, r)
		return
	}
	text, err := fs.ReadFile(s.tree, file.Path)
	if err != nil {
		http.Error(w, "The file can not be read any more.", http.StatusNotFound)
		return
	}
	here, _ := strconv.Atoi(r.FormValue("line")) // none: from the top
	page := struct {
		Title, Path, Package string
		Lines                int64
		Before, After        int
		Text                 []sourceLine
	}{Title: file.Path, Path: file.Path, Package: pkg, Lines: file.Lines}
	from, to := max(1, here-linesAround), max(1, here)+linesAround
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	n := 0
	for lines.Scan() {
		if n++; n >= from && n <= to {
			page.Text = append(page.Text, sourceLine{n, lines.Text(), n == here})
		}
	}
	if from > 1 {
		page.Before = max(1, from-linesAround)
	}
	if n > to {
		page.After = min(n, to+linesAround)
	}
	render(w, http.StatusOK, "source", page)
}

// health answers 200 while the database does, else 503.
func (s *site) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthLimit)
	defer cancel()
	stats := s.store.db.Stats()
	answer := struct {
		Status  string `json:"status"`
		Error   string `json:"error,omitempty"`
		Stage   string `json:"stage"`
		Backend string `json:"backend"`
		Used    int    `json:"used"`
		Idle    int    `json:"idle"`
		Waiting int    `json:"waiting"`
	}{Status: "ok", Stage: s.monitor.progress.now().Stage, Backend: stats.Backend, Used: stats.Used, Idle: stats.Idle, Waiting: stats.Waiting}
	status := http.StatusOK
	if err := s.store.db.Health(ctx); err != nil {
		status, answer.Status, answer.Error = http.StatusServiceUnavailable, "unavailable", err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer) // the client may be gone
}

// render writes a page as a whole or, where the template fails, an error.
func render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	b.WriteTo(w) // the client may be gone
}

func (s *site) startLoad(w http.ResponseWriter, r *http.Request) {
	if !s.loading.TryLock() {
		http.Error(w, "It works already.", http.StatusConflict)
		return
	}
	defer s.loading.Unlock()
	ctx, cancel := context.WithTimeout(r.Context(), s.loadTime)
	defer cancel()
	defer context.AfterFunc(s.quit, cancel)()
	n, err := s.store.load(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		http.Error(w, "Stopped: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("Accept") != "text/plain" { // a form without JavaScript
		http.Redirect(w, r, "/#live", http.StatusSeeOther)
		return
	}
	fmt.Fprintf(w, "%s answers in %g seconds.", group(n), s.loadTime.Seconds())
}
