package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// python is the interpreter that Debian's packages belong to.
const python = "/usr/bin/python3"

//go:embed peer.py
var peerScript []byte

// startPython starts SQLModel over one of asyncpg and aiosqlite.
func startPython(w *world, driver string) (*process, error) {
	if out, err := exec.Command(python, "-c", "import sqlmodel, asyncpg, aiosqlite").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the Python peers are not installed (make bench-install): %w: %s", err, out)
	}
	dir, err := os.MkdirTemp("", "spillway-bench-python-")
	if err != nil {
		return nil, err
	}
	w.onClose(func() { _ = os.RemoveAll(dir) }) // a directory left in TMPDIR harms nobody
	script := filepath.Join(dir, "peer.py")
	if err := os.WriteFile(script, peerScript, 0o644); err != nil {
		return nil, err
	}
	return start(w, exec.Command(python, script, driver, w.url, filepath.Join(dir, "peer.db")))
}

// number is ask for a command that answers one number.
func (p *process) number(format string, args ...any) (float64, error) {
	got, err := p.ask(fmt.Sprintf(format, args...))
	if err == nil && len(got) != 1 {
		err = fmt.Errorf("the process %s answered %d numbers", p.cmd.Path, len(got))
	}
	if err != nil {
		return 0, err
	}
	return got[0], nil
}
