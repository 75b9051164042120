package schema_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/spillwaydb/spillway/internal/schema"
	"pgregory.net/rapid"
)

func table(name string, refs ...string) *schema.Table {
	t := &schema.Table{Name: name}
	for _, r := range refs {
		t.ForeignKeys = append(t.ForeignKeys, schema.ForeignKey{RefTable: r})
	}
	return t
}

func names(tables []*schema.Table) (ns []string) {
	for _, t := range tables {
		ns = append(ns, t.Name)
	}
	return ns
}

func TestOrderPutsParentsFirst(t *testing.T) {
	got, deferred := schema.Order([]*schema.Table{
		table("post_tags", "posts", "tags"), table("posts", "users"), table("tags"), table("users", "users", "elsewhere"),
	})
	if want := []string{"users", "posts", "tags", "post_tags"}; !slices.Equal(names(got), want) {
		t.Errorf("order %v, want %v", names(got), want)
	}
	if deferred != nil {
		t.Errorf("deferred %v, want none: a key to the own table is no circle", deferred)
	}
}

func TestOrderDefersOneKeyOfACircle(t *testing.T) {
	a, b, c := table("a", "b"), table("b", "a"), table("c", "a")
	got, deferred := schema.Order([]*schema.Table{c, a, b})
	if want := []string{"a", "b", "c"}; !slices.Equal(names(got), want) {
		t.Errorf("order %v, want %v", names(got), want)
	}
	if want := map[*schema.Table][]int{a: {0}}; !maps.EqualFunc(deferred, want, slices.Equal) {
		t.Errorf("deferred %v, want only a's key to b", deferred)
	}
}

// Whatever refers to whatever: all tables come out once, and each key points backward
// or is deferred.
func TestOrderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "tables")
		tables := make([]*schema.Table, n)
		for i := range tables {
			refs := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "refs")
			tables[i] = table(string(rune('a' + i)))
			for _, r := range refs {
				tables[i].ForeignKeys = append(tables[i].ForeignKeys, schema.ForeignKey{RefTable: string(rune('a' + r))})
			}
		}
		got, deferred := schema.Order(tables)
		if len(got) != n {
			t.Fatalf("%d tables came out of %d", len(got), n)
		}
		seen := map[string]bool{}
		for _, tab := range got {
			if seen[tab.Name] {
				t.Fatalf("%s came out twice", tab.Name)
			}
			seen[tab.Name] = true
			for i, fk := range tab.ForeignKeys {
				if seen[fk.RefTable] == slices.Contains(deferred[tab], i) {
					t.Fatalf("%s → %s: behind its target: %v, deferred: %v", tab.Name, fk.RefTable, seen[fk.RefTable], deferred[tab])
				}
			}
		}
	})
}
