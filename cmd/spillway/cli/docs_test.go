package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command that the documents show is one that the command line understands.
func TestCommandsInDocuments(t *testing.T) {
	files, err := filepath.Glob("../../../docs/migrations-*.md")
	if err != nil || len(files) != 2 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	shown := regexp.MustCompile("(?m)^spillway .+$|`spillway [^`]+`")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		commands := shown.FindAllString(string(text), -1)
		if len(commands) < 5 {
			t.Errorf("%s shows %d commands", name, len(commands))
		}
		for _, line := range commands {
			line = strings.Trim(line, "`")
			if strings.Contains(line, `"`) { // the only quotes are round a message
				line = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(line, "text")
			}
			c := Command{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}
			var helped bool
			parser, err := c.parser(&helped)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(line)[1:]); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(name), line, err)
			}
		}
	}
}
