package browser

import (
	"testing"
)

// units are the packages whose unit tests run in the browser.
var units = []string{"internal/opfs", "internal/promise", "wasm"}

// TestUnits runs the unit tests of packages that exist for the browser only, in a worker.
func TestUnits(t *testing.T) {
	for _, pkg := range units {
		t.Run(pkg, func(t *testing.T) {
			file := program(t, pkg, func(file string) { goTool(t, "../..", "test", "-c", "-o", file, "./"+pkg) })
			page := start(t, profile(t)).open(t, newSite(t).URL)
			got, err := js[ended](page, "run", file, "-test.v", "-test.timeout=2m")
			if err != nil {
				t.Fatal(err)
			}
			t.Log(got.Output)
			if got.Code != 0 {
				t.Errorf("exit code %d", got.Code)
			}
		})
	}
}
