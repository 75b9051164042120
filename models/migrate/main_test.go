//go:build !js

package migrate_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) {
	if inChild() {
		return
	}
	testleak.Main(m)
}
