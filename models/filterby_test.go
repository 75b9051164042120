package models_test

import (
	"strings"
	"testing"

	"github.com/spillwaydb/spillway/models"
)

func TestSeed17FilterBy(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		users := fill(t, db)
		ctx := t.Context()
		for _, c := range []struct {
			vals models.Vals
			want string
		}{
			{nil, "ada bob Cyd_100%"},
			{models.Vals{"username": "bob"}, "bob"},
			{models.Vals{"username": "bob", "active": true}, ""},
			{models.Vals{"id": users[2].ID, "score": 2.0}, "Cyd_100%"},
			{models.Vals{"id": int8(users[2].ID)}, "Cyd_100%"},
			{models.Vals{"full_name": nil}, "ada bob"},
			{models.Vals{"full_name": (*string)(nil)}, "ada bob"},
			{models.Vals{"full_name": "Cyd_100%"}, "Cyd_100%"},
			{models.Vals{"full_name": users[2].FullName}, "Cyd_100%"},
			{models.Vals{"username": []string{"ada", "bob"}}, "ada bob"},
			{models.Vals{"username": []string{}}, ""},
			{models.Vals{"created_at": users[0].CreatedAt}, "ada bob Cyd_100%"},
			{models.Vals{"username": "' OR 1=1 --"}, ""},
		} {
			us, err := models.FilterBy[User](ctx, db, c.vals)
			var names []string
			for _, u := range us {
				names = append(names, u.Username)
			}
			if s := strings.Join(names, " "); s != c.want || err != nil {
				t.Errorf("%v: %q, want %q; %v", c.vals, s, c.want, err)
			}
		}
		for _, c := range []struct {
			vals models.Vals
			want string
		}{
			{models.Vals{"name": "x"}, "User has no column name; it has active, created_at"},
			{models.Vals{`id" = 1 --`: 1}, "has no column"},
			{models.Vals{"username": 7}, "User.Username is string, not int"},
			{models.Vals{"username": []int{7}}, "User.Username is string, not []int"},
			{models.Vals{"active": "yes"}, "User.Active is bool, not string"},
		} {
			if _, err := models.FilterBy[User](ctx, db, c.vals); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		}
	})
}

func TestSeed18CountAll(t *testing.T) {
	both(t, blog, func(t *testing.T, db *models.Engine) {
		fill(t, db)
		ctx := t.Context()
		if n, err := models.CountAll[User](ctx, db); n != 3 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		s := models.NewSession(db, "")
		defer s.Close()
		s.Add(newUser("pending"))
		if n, err := models.CountAll[User](ctx, s); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := models.CountAll[int](ctx, db); err == nil {
			t.Error("ints were counted")
		}
	})
}
