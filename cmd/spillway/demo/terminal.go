package demo

import (
	"io"
	"os"

	"golang.org/x/term"
)

// A Terminal says how text for one output should look.
type Terminal struct {
	// Live output may be overwritten in place: it is a terminal that can do so.
	Live bool
	// Color may be used.
	Color bool
	// Width in columns. Defaults to 80.
	Width int
}

// DetectTerminal looks at an output. Only a terminal gets colour, and only if NO_COLOR
// is unset or empty (https://no-color.org) and TERM is not "dumb".
func DetectTerminal(w io.Writer, getenv func(string) string) Terminal {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Terminal{Width: 80}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	smart := getenv("TERM") != "dumb"
	return Terminal{Live: smart, Color: smart && getenv("NO_COLOR") == "", Width: width}
}

func (t Terminal) paint(code, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t Terminal) bold(s string) string   { return t.paint("1", s) }
func (t Terminal) dim(s string) string    { return t.paint("2", s) }
func (t Terminal) accent(s string) string { return t.paint("36", s) }
func (t Terminal) title(s string) string  { return t.paint("1;36", s) }
func (t Terminal) warn(s string) string   { return t.paint("33", s) }
