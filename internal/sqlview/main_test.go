package sqlview_test

import (
	"testing"

	"github.com/spillwaydb/spillway/internal/testleak"
)

func TestMain(m *testing.M) { testleak.Main(m) }
