//go:build ncruces

package main

// This driver and mattn's both register as "sqlite3", and the second to do so panics.
// Build with -tags ncruces and
//
//	-ldflags "-X github.com/ncruces/go-sqlite3/driver.driverName=ncruces"
//
// as make bench does.
import _ "github.com/ncruces/go-sqlite3/driver"

func init() { litePeers = append(litePeers, litePeer{"ncruces", "ncruces", calledPragmas}) }
