//go:build !race

package models

// touch is for the race detector.
func (*Unit) touch() {}
