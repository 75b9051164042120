package demo

import (
	"time"

	"github.com/spillwaydb/spillway/models"
)

// The kinds of a [Declaration].
const (
	KindFunc   = "func"
	KindMethod = "method"
	KindType   = "type"
	KindConst  = "const"
	KindVar    = "var"
)

// Kinds lists the kinds in the order in which the report counts them.
var Kinds = []string{KindFunc, KindMethod, KindType, KindConst, KindVar}

// A Package is a directory's package, or one that is only imported.
type Package struct {
	models.Model
	Path string `db:",unique"` // import path
	Name string // from the package clause; empty if only imported
}

// A File is one Go file.
type File struct {
	models.Model
	PackageID int64  `db:",fk=packages.id,index"`
	Path      string `db:",unique"` // slash separated, relative to the tree
	Test      bool
	Size      int64 // bytes
	Lines     int64
	ModTime   time.Time
	Problem   *string // why a part of it could not be parsed
}

// A Declaration is one name declared at the top level of a file.
type Declaration struct {
	models.Model
	FileID   int64 `db:",fk=files.id,ondelete=cascade,index"`
	Kind     string
	Name     string `db:",index"`
	Receiver string // a method's type
	Line     int64
	Lines    int64
	Exported bool
}

// An Import joins files and packages: a file imports many packages, a package is
// imported by many files.
type Import struct {
	FileID    int64  `db:",pk,fk=files.id,ondelete=cascade"`
	PackageID int64  `db:",pk,fk=packages.id,index"`
	Alias     string // the local name, or empty
	Line      int64
}

// The registered prototypes: the address of a field names its column in a query.
var (
	packageT = models.Register[Package]()
	fileT    = models.Register[File]()
	declT    = models.Register[Declaration]()
	importT  = models.Register[Import]()
)
