package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/models"
)

func TestRaw(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		users := fill(t, db)
		names, err := models.All(ctx, db, models.Raw[string](
			"SELECT username FROM users WHERE id IN :ids AND username <> :not ORDER BY id", models.Args{"ids": []int64{users[0].ID, users[1].ID}, "not": "bob"}).ReadOnly())
		if err != nil || fmt.Sprint(names) != "[ada]" {
			t.Errorf("%v, %v", names, err)
		}
		for _, c := range []struct {
			q    models.Query[int64]
			want int64
		}{
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE id IN (:ids)", models.Args{"ids": []int64{users[0].ID, users[2].ID}}), 2},
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE id IN :ids", models.Args{"ids": []int64{}}), 0},
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE id NOT IN :ids", models.Args{"ids": []int64{}}), 3},
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE username NOT IN (:s)", models.Args{"s": []string{}}), 3},
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE full_name IS NULL AND :x = :x", models.Args{"x": "twice"}), 2},
			{models.Raw[int64]("SELECT COUNT(*) FROM users WHERE created_at <= :now AND ':no' <> ':x'", models.Args{"now": time.Now().Add(time.Minute)}), 3},
		} {
			if n, err := models.One(ctx, db, c.q); n != c.want || err != nil {
				t.Errorf("%d, want %d; %v", n, c.want, err)
			}
		}
		type Line struct {
			Username string
			Posts    int
			Full     *string `db:"full_name"`
		}
		lines, err := models.All(ctx, db, models.Raw[Line](
			"SELECT u.username, COUNT(p.id) AS posts, u.full_name FROM users u LEFT JOIN posts p ON p.author_id = u.id GROUP BY u.id, u.username, u.full_name ORDER BY u.id"))
		if err != nil || len(lines) != 3 || lines[2].Posts != 2 || *lines[2].Full != "Cyd_100%" || lines[0].Full != nil {
			t.Errorf("%+v, %v", lines, err)
		}
		whole, err := models.First(ctx, db, models.Raw[User]("SELECT * FROM users ORDER BY id"))
		if err != nil || whole.Username != "ada" || whole.ID != users[0].ID {
			t.Errorf("%+v, %v", whole, err)
		}
		rows, err := models.All(ctx, db, models.Raw[models.Tuple]("SELECT username, active, score, full_name FROM users ORDER BY id"))
		if err != nil || fmt.Sprint(rows[0]) != "{[username active score full_name] [ada true 0 <nil>]}" {
			t.Errorf("%v, %v", rows, err)
		}
		maps, err := models.All(ctx, db, models.Raw[map[string]any]("SELECT username, score FROM users ORDER BY id"))
		if err != nil || fmt.Sprint(maps[2]) != "map[score:2 username:Cyd_100%]" {
			t.Errorf("%v, %v", maps, err)
		}
		n, err := models.Exec(ctx, db, models.Raw[int]("UPDATE users SET score = :s WHERE score > :min", models.Args{"s": 5.5}, models.Args{"min": 0}))
		if n != 2 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		table := "users" // a text that is no constant
		if n, err := models.One(ctx, db, models.Raw[int](models.Unsafe("SELECT COUNT(*) FROM "+table))); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestRawMistakes(t *testing.T) {
	db := open(t, "sqlite::memory:", blog)
	ctx := t.Context()
	for _, c := range []struct {
		err  error
		want string
	}{
		{exec(ctx, db, models.Raw[int]("SELECT :a")), "no argument for :a"},
		{exec(ctx, db, models.Raw[int]("SELECT 1", models.Args{"a": 1})), `the argument "a" is not in the text`},
		{exec(ctx, db, models.Raw[int]("SELECT 'x")), "the quote or comment at byte 7 is not closed"},
		{exec(ctx, db, models.Raw[int]("SELECT :a", models.Args{"a": make(chan int)})), "argument a: type chan int has no column type"},
		{exec(ctx, db, models.Raw[int]("SELECT :a", models.Args{"a": []chan int{}})), "argument a: type chan int has no column type"},
		{exec(ctx, db, models.Raw[chan int]("SELECT 1")), "rows can not be read as chan int"},
		{one(models.One(ctx, db, models.Raw[int]("SELECT 1, 2"))), "2 columns came, and a int takes one"},
		{one(models.One(ctx, db, models.Raw[int]("SELECT NULL"))), "it is NULL"},
		{one(models.One(ctx, db, models.Raw[Tag]("SELECT 1 AS oops"))), "models_test.Tag has no field for the column oops; it has label, name"},
		{one(models.One(ctx, db, models.Raw[int8]("SELECT 1000"))), "the number does not fit into int8"},
		{one(models.Count(ctx, db, models.Raw[int]("SELECT 1"))), "Count does not fit this kind of query"},
		{exec(ctx, db, models.Raw[int]("SELECT 1").Where(models.And())), "Where does not fit this kind of query"},
		{exec(ctx, db, models.From(userT).ReadOnly()), "ReadOnly does not fit this kind of query"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
	if err := exec(ctx, db, models.Raw[int]("DELETE FROM tags").ReadOnly()); !errors.Is(err, driver.ErrReadOnly) {
		t.Errorf("a write that was said to be read-only: %v", err)
	}
}

func one[T any](_ T, err error) error { return err }

func TestRawText(t *testing.T) {
	args := models.Args{"a": 1, "ids": []int{1, 2}}
	for _, c := range []struct{ sql, postgres, sqlite string }{
		{"SELECT :a::text, 'x:a', \":a\", :ids", "SELECT $1::text, 'x:a', \":a\", ($2, $3)", "SELECT ?1::text, 'x:a', \":a\", (?2, ?3)"},
		{"= ANY(:ids) AND :a", "= ANY($1) AND $2", "= ANY(?1, ?2) AND ?3"},
		{"IN ( :ids) /* :b */ :a -- :c", "IN ( $1, $2) /* :b */ $3 -- :c", "IN ( ?1, ?2) /* :b */ ?3 -- :c"},
		{"$$ :b $$ $x$ :c $x$ E'it\\'s :d' :a :ids", "$$ :b $$ $x$ :c $x$ E'it\\'s :d' $1 ($2, $3)", "$$ :b $$ $x$ :c $x$ E'it\\'s :d' ?1 (?2, ?3)"},
		{"a:a :a x[1:2] :ids", "a:a $1 x[1:2] ($2, $3)", "a:a ?1 x[1:2] (?2, ?3)"},
	} {
		for d, want := range map[dialect.Dialect]string{dialect.Postgres: c.postgres, dialect.SQLite: c.sqlite} {
			if got, err := models.RawSQL(c.sql, args, d); got != want || err != nil {
				t.Errorf("%s\nin  %s\ngot %s, %v\nwant %s", d, c.sql, got, err, want)
			}
		}
	}
}
