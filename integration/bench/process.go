package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A process is a side, or a part of one, that works in a process of its own. It measures
// itself between the line that starts a turn and the line that answers it.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts a program that reads commands from its input, a line each, and answers
// each with a line of numbers, the first when it is ready. It ends with its input.
func start(w *world, cmd *exec.Cmd) (*process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	w.onClose(func() {
		_ = in.Close()
		_ = cmd.Wait() // what it did was told before
	})
	_, err = p.answer()
	return p, err
}

// tell gives a command; answer waits for what becomes of it.
func (p *process) tell(command string) error {
	_, err := io.WriteString(p.in, command+"\n")
	return err
}

func (p *process) answer() (numbers []float64, err error) {
	if !p.out.Scan() {
		return nil, errors.Join(errors.New("the process "+p.cmd.Path+" has ended"), p.out.Err())
	}
	text := p.out.Text()
	if why, bad := strings.CutPrefix(text, "error "); bad {
		return nil, errors.New(why)
	}
	for _, field := range strings.Fields(text) {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("the process %s answered %q", p.cmd.Path, text)
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}

// ask is tell and answer.
func (p *process) ask(command string) ([]float64, error) {
	if err := p.tell(command); err != nil {
		return nil, err
	}
	return p.answer()
}

// own is work of a kind of its own, which is given how long to go on.
type own func(ctx context.Context, p pace) (float64, error)

// warm implements work.
func (f own) warm(ctx context.Context, p pace, _ bool) error {
	_, err := f(ctx, p)
	return err
}

// turn implements work.
func (f own) turn(ctx context.Context, p pace) (float64, error) { return f(ctx, p) }
