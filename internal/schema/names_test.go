package schema_test

import (
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
)

func TestNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{schema.UniqueName("users", "email"), "uq_users_email"},
		{schema.IndexName("posts", "author_id", "title"), "ix_posts_author_id_title"},
		{schema.ForeignKeyName("posts", []string{"author_id"}, "users"), "fk_posts_author_id_users"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestLongNamesStayDifferent(t *testing.T) {
	long := strings.Repeat("very_long_", 10)
	a, b := schema.IndexName(long, "a"), schema.IndexName(long, "b")
	if len(a) > schema.MaxName || len(b) > schema.MaxName {
		t.Errorf("%d and %d bytes, at most %d", len(a), len(b), schema.MaxName)
	}
	if a == b {
		t.Errorf("both are called %s", a)
	}
}
