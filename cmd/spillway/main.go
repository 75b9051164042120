package main

import (
	"os"

	"github.com/spillwaydb/spillway/cmd/spillway/cli"
)

func main() {
	os.Exit(cli.Main(cli.Command{
		Args:   os.Args[1:],
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Getenv: os.Getenv,
	}))
}
