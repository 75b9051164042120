package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSeedRows makes sure that each row of the list of what Spillway has to offer that is
// about models, sessions, configuration, queries, relations and migrations is carried by a test: one
// called TestSeed23…, TestSeed41And42…, TestSeed77To83…, or a part of the suite in internal/modeltest called
// "seed23 …". The list has no row 19.
func TestSeedRows(t *testing.T) {
	const last = 84
	name := regexp.MustCompile(`\bfunc TestSeed(\d+(?:(?:And|To)\d+)*)|"seed(\d+(?:-\d+)?) `)
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
			for _, rows := range strings.Split(m[1]+m[2], "And") {
				from, to, ranged := strings.Cut(strings.Replace(rows, "To", "-", 1), "-")
				n, _ := strconv.Atoi(from) // the pattern has digits alone
				last, _ := strconv.Atoi(to)
				carried[n] = true
				for ; ranged && n <= last; n++ {
					carried[n] = true
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= last; n++ {
		if n != 19 && !carried[n] {
			t.Errorf("no test carries row %d", n)
		}
	}
}
