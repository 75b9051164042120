package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// A snapshot is the file with results.
type snapshot struct {
	Note    string     `json:"note"`
	Results []recorded `json:"results"`
}

// A recorded result says when and on what it was measured.
type recorded struct {
	result
	Day  string `json:"day"`
	CPUs int    `json:"cpus"`
	On   string `json:"on"`
}

const note = "Ratios above 1: Spillway is ahead. Both sides worked in turns on one machine with client and server; figures of different days or machines do not compare."

// report enters results into the snapshot in dir and draws its chart.
func report(dir string, all []result) error {
	file := filepath.Join(dir, "results.json")
	var s snapshot
	switch old, err := os.ReadFile(file); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(old, &s); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	s.Note = note
	s.enter(all)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return chart(filepath.Join(dir, "results.svg"), s.Results)
}

// enter replaces the pairs whose name was measured again.
func (s *snapshot) enter(all []result) {
	measured := map[string]bool{}
	for _, r := range all {
		measured[r.Name] = true
	}
	s.Results = slices.DeleteFunc(s.Results, func(r recorded) bool { return measured[r.Name] })
	for _, r := range all {
		s.Results = append(s.Results, recorded{
			r, time.Now().Format(time.DateOnly), runtime.NumCPU(),
			runtime.GOOS + "/" + runtime.GOARCH + " " + runtime.Version(),
		})
	}
	slices.SortStableFunc(s.Results, func(a, b recorded) int { return cmp.Compare(a.Name, b.Name) })
}
