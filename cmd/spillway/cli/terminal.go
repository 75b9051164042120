package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Questions are asked line by line with golang.org/x/term and nothing more: there are
// three kinds of them, and a library that draws menus would bring a dozen modules.

// The colours of marks on a terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colours s on a terminal that has not asked for none (https://no-color.org).
func (c *Command) paint(color, s string) string {
	if !isTerminal(c.Stdout) || c.Getenv("NO_COLOR") != "" || c.Getenv("TERM") == "dumb" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// interactive reports whether somebody can be asked.
func (c *Command) interactive() bool {
	return c.terminal || isTerminal(c.Stdin)
}

var errNoAnswer = errors.New("no answer: nothing was done")

// line asks for one line.
func (c *Command) line(question string) (string, error) {
	fmt.Fprint(c.Stderr, question)
	if c.answers == nil {
		c.answers = bufio.NewReader(c.Stdin)
	}
	s, err := c.answers.ReadString('\n')
	if err != nil && (s == "" || !errors.Is(err, io.EOF)) {
		return "", errNoAnswer
	}
	return strings.TrimSpace(s), nil
}

// yes asks a question; only y and yes consent.
func (c *Command) yes(question string) (bool, error) {
	for {
		s, err := c.line(question + " [y/N] ")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(s) {
		case "y", "yes":
			return true, nil
		case "", "n", "no":
			return false, nil
		}
	}
}
