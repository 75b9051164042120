package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// What a person answers becomes the options of the next attempt.
func TestAsk(t *testing.T) {
	questions := []autogen.Question{
		{Kind: autogen.MayBeRenamed, Table: "users", Column: "mail", To: "email", Text: "rename?", Flag: "--rename users.mail=users.email"},
		{Kind: autogen.MayBeRenamed, Table: "users", Column: "mail", To: "post", Text: "rename?"},
		{Kind: autogen.NeedsConsent, Table: "logs", Text: "drop?", Flag: "--allow-drop"},
		{Kind: autogen.NeedsFill, Table: "users", Column: "born", Text: "fill?", Flag: "--fill users.born=VALUE"},
	}
	for _, c := range []struct{ answers, want string }{
		{"y\nnow\ny\n", "[users.mail=users.email] [logs] [users.born=now]"},
		{"n\nmaybe\nyes\n7\nyes\n", "[users.mail=users.post] [logs] [users.born=7]"},
		{"n\nn\n7\ny\ny\n", "[] [users.mail logs] [users.born=7]"},
		{"y\nnow\nn\n", "logs is to stay"},
		{"y\n\n", "needs a value"},
		{"y\n", "no answer"},
	} {
		var errs bytes.Buffer
		j := &job{Command: &Command{Stdin: strings.NewReader(c.answers), Stderr: &errs}, flags: &databaseFlags{}}
		// Standard input is no terminal here: nothing is asked, and the flags are named.
		var refused *refusedError
		if err := j.ask(&autogen.Options{}, questions); !errors.As(err, &refused) || !strings.Contains(err.Error(), "--rename users.mail=users.email") || errs.Len() > 0 {
			t.Errorf("without a terminal: %v, %q", err, errs.String())
		}
		j.terminal = true
		var o autogen.Options
		got := ""
		if err := j.ask(&o, questions); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprintf("%v %v %v", o.Rename, o.Drop, o.Fill)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("answers %q: %s, want %s", c.answers, got, c.want)
		}
	}
}
