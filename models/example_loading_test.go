package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// Singer, Song and Genre are the tables of the examples of relations.
type Singer struct {
	models.Model
	Name  string
	Songs models.HasMany[Song] `rel:"back=Singer,order=ID"`
}

type Song struct {
	models.Model
	Title    string
	Plays    int
	SingerID int64 `db:",fk=singers.id,index"`
	Singer   models.BelongsTo[Singer]
	Genres   models.HasMany[Genre] `rel:"through=SongGenre,back=Songs,order=Name"`
}

type Genre struct {
	Name  string               `db:",pk"`
	Songs models.HasMany[Song] `rel:"through=SongGenre,back=Genres"`
}

type SongGenre struct {
	SongID    int64  `db:",pk,fk=songs.id"`
	GenreName string `db:",pk,fk=genres.name"`
}

var (
	singerT = models.Register[Singer]()
	songT   = models.Register[Song]()
	genreT  = models.Register[Genre]()
	_       = models.Register[SongGenre]()
)

// concert opens a database in memory with two singers and their songs.
func concert(ctx context.Context) *spillway.DB {
	db, err := spillway.Open(ctx, spillway.Config{URL: "sqlite::memory:"})
	if err != nil {
		log.Fatal(err)
	}
	if err := models.CreateTables(ctx, db); err != nil {
		log.Fatal(err)
	}
	jazz, soul := &Genre{Name: "jazz"}, &Genre{Name: "soul"}
	s := db.Session()
	defer s.Close()
	s.Add(
		&Singer{Name: "Ella", Songs: models.Many(
			&Song{Title: "Misty", Plays: 9, Genres: models.Many(jazz)},
			&Song{Title: "Lullaby of Birdland", Plays: 7, Genres: models.Many(jazz)})},
		&Singer{Name: "Nina", Songs: models.Many(
			&Song{Title: "Sinnerman", Plays: 8, Genres: models.Many(jazz, soul)})},
	)
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	return db
}

// Relations are loaded with the query: each in the way that fits it.
func ExampleQuery_With() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	singers, err := models.All(ctx, db, models.From(singerT).OrderBy(models.Asc(&singerT.Name)).
		With(models.SelectIn(&singerT.Songs, models.Filter(models.Gt(&songT.Plays, 7)), models.SelectIn(&songT.Genres))))
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range singers {
		songs, _ := s.Songs.Items()
		for _, x := range songs {
			genres, _ := x.Genres.Items()
			fmt.Println(s.Name, x.Title, len(genres))
		}
	}
	songs, err := models.All(ctx, db, models.From(songT).OrderBy(models.Desc(&songT.Plays)).Limit(2).
		With(models.Joined(&songT.Singer)))
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range songs {
		singer, _ := x.Singer.Get()
		fmt.Println(x.Title, "by", singer.Name)
	}
	// Output:
	// Ella Misty 1
	// Nina Sinnerman 2
	// Misty by Ella
	// Sinnerman by Nina
}

// The classic loop costs two statements: the first Load serves all singers.
func ExampleHasMany_Load() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	singers, err := models.All(ctx, db, models.From(singerT).OrderBy(models.Asc(&singerT.Name)))
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range singers {
		songs, err := s.Songs.Load(ctx)
		fmt.Println(s.Name, len(songs), err)
	}
	// Output:
	// Ella 2 <nil>
	// Nina 1 <nil>
}

// Many-to-many relations are collections too; the rows between follow.
func ExampleHasMany_Set() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	s := db.Session()
	defer s.Close()
	song, err := models.One(ctx, s, models.From(songT).Where(models.Eq(&songT.Title, "Sinnerman")).
		With(models.SelectIn(&songT.Genres)))
	if err != nil {
		log.Fatal(err)
	}
	if err := song.Genres.Set(&Genre{Name: "gospel"}); err != nil {
		log.Fatal(err)
	}
	if err := s.Commit(ctx); err != nil {
		log.Fatal(err)
	}
	genres, err := models.All(ctx, db, models.From(genreT).OrderBy(models.Asc(&genreT.Name)).With(models.SelectIn(&genreT.Songs)))
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range genres {
		songs, _ := g.Songs.Items()
		fmt.Println(g.Name, len(songs))
	}
	// Output:
	// gospel 1
	// jazz 2
	// soul 0
}

// PerParent keeps the first of each parent: here the most played song of each singer.
func ExamplePerParent() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	singers, err := models.All(ctx, db, models.From(singerT).OrderBy(models.Asc(&singerT.Name)).
		With(models.SelectIn(&singerT.Songs, models.PerParent(1, models.Desc(&songT.Plays)))))
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range singers {
		songs, _ := s.Songs.Items()
		fmt.Println(s.Name, songs[0].Title)
	}
	// Output:
	// Ella Misty
	// Nina Sinnerman
}

// Counted counts what a relation leads to without loading it.
func ExampleCounted() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	rows, err := models.All(ctx, db, models.
		Select3(models.Col(&singerT.Name), models.Counted(&singerT.Songs), models.Counted(&singerT.Songs, models.Gt(&songT.Plays, 7))).
		OrderBy(models.Counted(&singerT.Songs).Desc()))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Println(r.A, r.B, r.C)
	}
	// Output:
	// Ella 2 1
	// Nina 1 1
}

// Has chooses by what a relation leads to, however deep.
func ExampleHas() {
	ctx := context.Background()
	db := concert(ctx)
	defer db.Close()

	singers, err := models.All(ctx, db, models.From(singerT).
		Where(models.Has(&singerT.Songs, models.Has(&songT.Genres, models.Eq(&genreT.Name, "soul")))))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(singers), singers[0].Name)
	// Output: 1 Nina
}
