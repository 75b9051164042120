package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSeedRows makes sure that each row of the list of what Spillway has to offer that is
// about models, sessions, configuration, queries and relations is carried by a test: one
// called TestSeed23…, TestSeed41And42…, or a part of the suite in internal/modeltest called
// "seed23 …". The list has no row 19.
func TestSeedRows(t *testing.T) {
	const last = 76
	// Rows of relations whose tests come with the loading strategies.
	waiting := []int{63, 64, 66, 68, 72, 73, 74, 76}
	name := regexp.MustCompile(`\bfunc TestSeed(\d+)(?:And(\d+))?|"seed(\d+)(?:-(\d+))? `)
	carried := map[int]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.Contains(filepath.ToSlash(path), "internal/modeltest/"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
			carried[number(1)], carried[number(2)] = true, true
			for n := number(3); n <= max(number(3), number(4)); n++ {
				carried[n] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= last; n++ {
		if n != 19 && !carried[n] && !slices.Contains(waiting, n) {
			t.Errorf("no test carries row %d", n)
		}
	}
}
