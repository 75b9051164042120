package models_test

import (
	"time"

	"github.com/spillwaydb/spillway/models"
)

type User struct {
	models.Model
	Username  string `db:",unique,index"`
	Email     string `db:",unique"`
	FullName  *string
	Active    bool           `db:",default=true"`
	Score     float64        `db:",default=1.5"`
	Settings  map[string]any `db:",json"`
	CreatedAt time.Time      `db:",created"`
	UpdatedAt time.Time      `db:",updated"`
}

type Post struct {
	models.Model
	Title    string
	Body     string
	Views    int32
	AuthorID int64 `db:",fk=users.id,ondelete=cascade,index"`
}

type Tag struct {
	Name  string `db:",pk"`
	Label string
}

type PostTag struct {
	PostID int64  `db:",pk,fk=posts.id,ondelete=cascade"`
	Tag    string `db:",pk,fk=tags.name"`
	Weight int
}

// blog is the registry of most tests; its prototypes name the columns.
var (
	blog     = models.NewRegistry()
	userT    = models.RegisterIn[User](blog)
	postT    = models.RegisterIn[Post](blog)
	tagT     = models.RegisterIn[Tag](blog)
	postTagT = models.RegisterIn[PostTag](blog)
)
