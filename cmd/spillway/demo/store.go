package demo

import (
	"context"
	"errors"
	"strings"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/models"
)

// deleteOrphans removes packages that nothing refers to any more.
const deleteOrphans = `DELETE FROM packages
	WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.package_id = packages.id)
	AND NOT EXISTS (SELECT 1 FROM imports WHERE imports.package_id = packages.id)`

// searchSQL finds an equal name first, then one that differs in case, then a beginning,
// then a part; of those the shorter. Files and packages are looked up for what is shown
// only.
const searchSQL = `SELECT d.name AS name, d.receiver AS receiver, d.kind AS kind, d.line AS line,
		p.path AS package, f.path AS file, f.id AS file_id
	FROM (SELECT id, file_id, name, receiver, kind, line,
			CASE WHEN name = :name THEN 0 WHEN lower(name) = :folded THEN 1
				WHEN lower(name) LIKE :prefix ESCAPE '\' THEN 2 ELSE 3 END AS rank
		FROM declarations WHERE lower(name) LIKE :pattern ESCAPE '\' AND (:kind = '' OR kind = :kind)
		ORDER BY rank, length(name), name, id LIMIT :count) d
	JOIN files f ON f.id = d.file_id JOIN packages p ON p.id = f.package_id
	ORDER BY d.rank, length(d.name), d.name, d.id`

// A store is the index in the database, for those who read it.
type store struct{ db *spillway.DB }

// counts are the numbers of rows.
type counts struct{ Packages, Files, Declarations, Imports int64 }

// A searchQuery is what somebody looks for.
type searchQuery struct {
	Query string // a part of a name
	Kind  string // one of Kinds, or empty for all
	Match string // "prefix", else it may be anywhere
}

// A hit is a declaration that was found.
type hit struct {
	Name, Receiver, Kind, Package, File string
	FileID                              int64
	Line                                int
}

// count counts all tables at once.
func (s *store) count(ctx context.Context) *async.Future[counts] {
	all := async.Gather(
		async.Count(ctx, s.db, models.From(packageT)),
		async.Count(ctx, s.db, models.From(fileT)),
		async.Count(ctx, s.db, models.From(declT)),
		async.Count(ctx, s.db, models.From(importT)),
	)
	return async.Map(all, func(n []int64) (counts, error) { return counts{n[0], n[1], n[2], n[3]}, nil })
}

// likeText takes the meaning out of the wildcards of LIKE.
var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// search returns the best hits and how many there are. Both are asked for at once.
func (s *store) search(ctx context.Context, q searchQuery, limit int) ([]hit, int64, error) {
	folded := strings.ToLower(q.Query)
	prefix := likeText.Replace(folded) + "%"
	pattern := prefix
	if q.Match != "prefix" {
		pattern = "%" + prefix
	}
	args := models.Args{"pattern": pattern, "kind": q.Kind, "name": q.Query, "folded": folded, "prefix": prefix, "count": limit}
	hits := async.All(ctx, s.db, models.Raw[hit](searchSQL, args).ReadOnly())
	all := models.From(declT).Where(models.ILike(&declT.Name, pattern))
	if q.Kind != "" {
		all = all.Where(models.Eq(&declT.Kind, q.Kind))
	}
	total := async.Count(ctx, s.db, all)
	found, err := hits.Await(ctx)
	if err != nil {
		return nil, 0, err
	}
	n, err := total.Await(ctx)
	return found, n, err
}

// file returns a file and the path of its package; nil if there is none of that id.
func (s *store) file(ctx context.Context, id int64) (*File, string, error) {
	f, err := async.Get[File](ctx, s.db, id).Await(ctx)
	if errors.Is(err, models.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	p, err := async.Get[Package](ctx, s.db, f.PackageID).Await(ctx)
	if err != nil {
		return nil, "", err
	}
	return f, p.Path, nil
}

// deleteFiles deletes files; their declarations and imports go with them.
func deleteFiles(ctx context.Context, s *async.Session, ids []int64) error {
	return async.Exec(ctx, s, models.Delete(fileT).Where(models.In(&fileT.ID, ids...))).Wait(ctx)
}
