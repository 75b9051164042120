//go:build !js

//lint:file-ignore U1000,SA4006,SA4009 The statements of the table are compiled, and not run.

package spillway_test

import (
	"context"
	"encoding/json"
	"go/format"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/models/migrate/autogen"
)

// The structs of the table "Coming from Reflex or SQLAlchemy".
type (
	User struct {
		models.Model
		Username  string `db:",unique,index"`
		Email     string
		FullName  *string
		IsActive  bool                   `db:",default=true"`
		CreatedAt time.Time              `db:",created"`
		Posts     models.HasMany[Post]   `rel:"fk=UserID,back=User"`
		Profile   models.HasOne[Profile] `rel:"fk=UserID"`
		Logins    models.HasMany[Login]  `rel:"fk=UserID,lazy=raise"`
	}
	Login struct {
		models.Model
		UserID int64 `db:",fk=users.id"`
	}
	Post struct {
		models.Model
		UserID   int64                  `db:",fk=users.id"`
		UpdateTS time.Time              `db:",type.postgres=timestamptz,server=now()"`
		User     models.BelongsTo[User] `rel:"back=Posts"`
		Flags    models.HasMany[Flag]   `rel:"fk=PostID,lazy=selectin"`
		Tags     models.HasMany[Tag]    `rel:"through=PostTag"`
	}
	Flag struct {
		models.Model
		Message string
		PostID  int64 `db:",fk=posts.id"`
		UserID  int64 `db:",fk=users.id"`
		Post    models.BelongsTo[Post]
		User    models.BelongsTo[User]
	}
	Profile struct {
		models.Model
		UserID int64 `db:",unique,fk=users.id"`
	}
	Token struct {
		ID [16]byte
	}
	Tag struct {
		Code string `db:",pk"`
	}
	PostTag struct {
		PostID int64  `db:",pk,fk=posts.id"`
		Code   string `db:",pk,fk=tags.code"`
	}
)

var (
	userT  = models.Register[User]()
	postT  = models.Register[Post]()
	flagT  = models.Register[Flag]()
	loginT = models.Register[Login]()
	_      = models.Register[PostTag]()
)

// coming has the Go side of the table, statement by statement, so that the compiler looks
// at it. It is not called.
func coming(ctx context.Context, db *spillway.DB, user *User, users []*User, post *Post, posts []*Post, login *Login, form models.Vals, text string, pgxConfig *pgxpool.Config, files fs.FS, runner *migrate.Runner, part func(context.Context, *models.Session) error) {
	var err error
	var n int64
	q := models.From(userT)
	// The table begins here.
	_ = models.Dict(user)
	_ = models.BaseDict(user)
	_, err = json.Marshal(posts)
	err = models.Create(ctx, db, &User{Username: "ada"})
	_ = models.Register[User]()
	_ = models.Registered(true)
	_ = models.Metadata(models.Default())
	users, err = models.FilterBy[User](ctx, db, models.Vals{"username": "ada"})
	n, err = models.CountAll[User](ctx, db)
	s := db.Session()
	defer s.Close()
	as := db.AsyncSession()
	defer as.Close()
	users, err = async.All(ctx, as, q).Await(ctx)
	err = s.Commit(ctx)
	err = s.Rollback(ctx)
	user, err = models.Get[User](ctx, s, 1)
	users, err = models.All(ctx, s, q)
	user, err = models.First(ctx, s, q)
	user.Email = "new"
	s.Add(user)
	err = s.Commit(ctx)
	s.Delete(user)
	err = s.Refresh(ctx, user)
	s.Expunge(user)
	s.Expire(user)
	user, err = models.Merge(ctx, s, user)
	err = models.Set(user, form)
	_, err = models.Exec(ctx, s, models.Raw[models.Tuple]("DELETE FROM flags WHERE id = :id", models.Args{"id": 7}))
	rows, err := models.All(ctx, s, models.Raw[models.Tuple]("SELECT * FROM users"))
	maps, err := models.All(ctx, s, models.Raw[map[string]any]("SELECT * FROM users"))
	_ = models.Raw[User](models.Unsafe(text))
	err = s.Flush(ctx)
	err = s.Nested(ctx, part)
	cfg := spillway.Config{URL: "postgresql://u:p@h/db"}
	cfg.URL = "sqlite:///app.db"
	cfg.URL = "postgresql+asyncpg://u:p@h/db"
	cfg.Postgres = pgxConfig
	cfg.Migrations, cfg.Migrate = files, spillway.MigrateAtStart
	cfg.Size = 10
	cfg.Overflow = 20
	cfg.Timeout = 30 * time.Second
	cfg.Recycle = time.Hour
	cfg.Echo = true
	cfg.EchoPool = true
	db, err = spillway.Open(ctx, cfg)
	err = db.CreateTables(ctx)
	err = db.RunMigrations(ctx)
	db, err = spillway.Open(ctx, spillway.Config{})
	q = models.From(userT)
	q = q.Where(models.Eq(&userT.IsActive, true))
	q = q.Join(postT)
	q = q.OrderBy(models.Desc(&userT.CreatedAt))
	q = q.Limit(10)
	q = q.Offset(20)
	q = q.Where(models.Contains(&userT.Username, text))
	q = q.Where(models.Or(models.Eq(&userT.ID, 1), models.IsNull(&userT.FullName)))
	counts := models.Select2(models.Col(&userT.Username), models.CountOf(&postT.ID)).Join(postT).GroupBy(&userT.Username)
	sql, args, err := q.SQL(models.Postgres)
	_, err = models.Exec(ctx, s, models.Update(userT).Set(models.To(&userT.IsActive, false)).Where(models.Eq(&userT.ID, 1)))
	_, err = models.BulkInsert(ctx, db, slices.Values(users))
	for u, err := range models.Each(ctx, s, q.Chunk(500)) {
		_, _ = u, err
	}
	user.Logins.Add(login)
	_ = models.From(loginT).Where(models.Eq(&loginT.UserID, user.ID))
	user.Posts.Add(post)
	flag := &Flag{Message: "m", Post: models.Ref(post), User: models.Ref(user)}
	posts, err = user.Posts.Load(ctx)
	posts, err = async.Load(ctx, &user.Posts).Await(ctx)
	q = q.With(models.Joined(&userT.Posts))
	q = q.With(models.Subquery(&userT.Posts))
	q = q.With(models.SelectIn(&userT.Posts))
	q = q.With(models.Raise(&userT.Posts))
	q = q.With(models.NoLoad(&userT.Posts))
	_ = models.From(postT).With(models.SelectIn(&postT.Flags, models.SelectIn(&flagT.User)))
	_ = models.From(postT).With(models.SelectIn(&postT.Flags)).Limit(15)
	_, err = autogen.Init(ctx, autogen.Options{DB: db})
	_, err = autogen.Create(ctx, autogen.Options{DB: db, Message: "add age"})
	_, err = runner.Up(ctx)
	_, err = runner.Down(ctx)
	_, err = runner.Status(ctx)
	// The table ends here.
	_, _, _, _, _, _, _, _, _, _, _ = err, n, rows, maps, counts, sql, args, flag, cfg, files, runner
}

// TestComingFromPython compares the table in the documentation of package models with the
// code above, and with the fields of the structs.
func TestComingFromPython(t *testing.T) {
	source, err := os.ReadFile("coming_test.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("models/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	fields, rest, _ := strings.Cut(string(source), "var (\n")
	_, code, _ := strings.Cut(rest, "// The table begins here.\n")
	code, _, _ = strings.Cut(code, "// The table ends here.\n")
	_, table, _ := strings.Cut(string(doc), "# Coming from Reflex or SQLAlchemy")
	table, _, _ = strings.Cut(table, "// What differs")
	var want strings.Builder
	rows := 0
	for line := range strings.Lines(table) {
		_, right, ok := strings.Cut(strings.TrimRight(line, "\n"), "│ ")
		if !ok {
			continue
		}
		rows++
		switch {
		case strings.HasPrefix(right, "type "):
		case strings.Count(right, "`") == 2, strings.Count(right, " ") == 1 && !strings.Contains(right, "("): // a field
			if !has(fields, right) {
				t.Errorf("no struct has the field %s", right)
			}
		case strings.HasPrefix(right, "for "):
			want.WriteString(right + "\n")
		default:
			want.WriteString(strings.ReplaceAll(strings.Replace(right, "q := models.From", "q = models.From", 1), "; ", "\n") + "\n")
		}
	}
	if rows < 75 {
		t.Errorf("the table has %d rows", rows)
	}
	formatted := func(code string) string {
		b, err := format.Source([]byte("package p\n\nfunc f() {\n" + code + "}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := formatted(code), formatted(want.String()); got != want {
		a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("the code has   %s\nthe table has  %s", a[i], b[i])
			}
		}
		t.Fatalf("the code has %d lines, the table %d", len(a), len(b))
	}
}

// has reports whether a struct in source has a field, however it is indented.
func has(source, field string) bool {
	want := strings.Fields(field)
	for line := range strings.Lines(source) {
		got := strings.Fields(line)
		if len(got) >= len(want) && slices.Equal(got[:len(want)], want) {
			return true
		}
	}
	return false
}
