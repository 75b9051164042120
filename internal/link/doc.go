// Package link holds the thin interfaces by which packages reach each other's work
// without importing each other. It has no code of its own.
package link
