package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway"
)

// One configuration serves the application and the command: --url comes first, then
// SPILLWAY_URL, which the application reads as well. (That the URL of the program's own
// Config follows is in testdata/script/newcomer.txtar.)
func TestSeed51OneConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ flag, env, want string }{
		{"sqlite:flag.db", "sqlite:env.db", "flag.db"},
		{"", "sqlite:env.db", "env.db"},
	} {
		args := []string{"status", "--json"}
		if c.flag != "" {
			args = append(args, "--url="+c.flag)
		}
		var out, errs bytes.Buffer
		code := Main(Command{Args: args, Stdout: &out, Stderr: &errs, Getenv: func(name string) string {
			if name == spillway.URLVariable {
				return c.env
			}
			return ""
		}})
		if code != 0 || !strings.Contains(out.String(), `"sqlite:`+c.want+`"`) {
			t.Errorf("%+v: exit code %d, %s%s", c, code, out.String(), errs.String())
		}
		if _, err := os.Stat(c.want); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	t.Setenv(spillway.URLVariable, "sqlite:app-env.db")
	db, err := spillway.Open(t.Context(), spillway.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := os.Stat("app-env.db"); err != nil {
		t.Errorf("the application: %v", err)
	}
}
