package models

import (
	"slices"

	"github.com/spillwaydb/spillway/internal/schema"
)

// What [Metadata] says. The values are copies: changing them changes nothing else.
type (
	// TableInfo is a table.
	TableInfo struct {
		Name string
		// Model is the Go struct: "app.User".
		Model   string
		Columns []ColumnInfo
		// Key lists the columns of the primary key in order.
		Key         []string
		Uniques     []UniqueInfo
		Checks      []CheckInfo
		Indexes     []IndexInfo
		ForeignKeys []ForeignKeyInfo
	}
	// ColumnInfo is a column.
	ColumnInfo struct {
		Name string
		// Field is the Go field: "User.Email".
		Field    string
		Nullable bool
		// Auto: the database makes the value of this integer key.
		Auto bool
		// Default is the constant of the default option; nil for none.
		Default *string
		// Was is the former name, from the was option; empty for none.
		Was string

		col *schema.Column
	}
	// UniqueInfo is a unique constraint.
	UniqueInfo struct {
		Name    string
		Columns []string
	}
	// CheckInfo is a condition that every row meets.
	CheckInfo struct {
		Name string
		SQL  string
	}
	// IndexInfo is an index, also a unique one that is more than a constraint.
	IndexInfo struct {
		Name   string
		Terms  []IndexTerm
		Unique bool
		// Where is the SQL condition of a partial index; empty for all rows.
		Where string
	}
	// IndexTerm is what an index sorts by: a column, or instead of it the expression SQL.
	IndexTerm struct {
		Column string
		SQL    string
		Desc   bool
	}
	// ForeignKeyInfo is a foreign key of one or several columns.
	ForeignKeyInfo struct {
		Name       string
		Columns    []string
		RefTable   string
		RefColumns []string
		// OnDelete and OnUpdate are the actions in SQL's words, such as "CASCADE"; empty
		// for the database's own rule, to refuse.
		OnDelete, OnUpdate string
		Deferrable         bool
	}
)

// Type is the column's type in a database: "bigint".
func (c ColumnInfo) Type(d Dialect) string { return d.Type(c.col.Type) }

// Server is the SQL expression of the server option for a database; empty for none.
func (c ColumnInfo) Server(d Dialect) string { return c.col.Server.For(d.String()) }

// Generated is the SQL expression of the generated option for a database; empty for a
// plain column.
func (c ColumnInfo) Generated(d Dialect) string { return c.col.Generated.For(d.String()) }

// Column returns the column with that name, and whether there is one.
func (t TableInfo) Column(name string) (ColumnInfo, bool) {
	i := slices.IndexFunc(t.Columns, func(c ColumnInfo) bool { return c.Name == name })
	if i < 0 {
		return ColumnInfo{}, false
	}
	return t.Columns[i], true
}

// Metadata describes the tables of all structs registered in r, each behind those that
// its foreign keys refer to; nil means the default registry. It is made anew with each
// call, so it is never stale: a struct that is registered later is in the next answer.
// Mixins have no table and are left out. Structs that do not fit together are described
// all the same; [Check] tells.
func Metadata(r *Registry) []TableInfo {
	if r == nil {
		r = defaultRegistry
	}
	tables := Tables(r)
	out := make([]TableInfo, len(tables))
	for i, t := range tables {
		out[i] = infoOf(t)
	}
	return out
}

func infoOf(t *schema.Table) TableInfo {
	info := TableInfo{Name: t.Name, Model: t.Model, Key: slices.Clone(t.Key)}
	for _, c := range t.Columns {
		col := ColumnInfo{Name: c.Name, Field: c.Field, Nullable: c.Nullable, Auto: c.Auto, Was: c.Was, col: c}
		if c.Default != nil {
			text := c.Default.Text
			col.Default = &text
		}
		info.Columns = append(info.Columns, col)
	}
	for _, u := range t.Uniques {
		info.Uniques = append(info.Uniques, UniqueInfo{u.Name, slices.Clone(u.Columns)})
	}
	for _, c := range t.Checks {
		info.Checks = append(info.Checks, CheckInfo{c.Name, c.Expr})
	}
	for _, x := range t.Indexes {
		index := IndexInfo{Name: x.Name, Unique: x.Unique, Where: x.Where}
		for _, term := range x.Terms {
			if term.Expr != "" {
				term.Column = ""
			}
			index.Terms = append(index.Terms, IndexTerm{term.Column, term.Expr, term.Desc})
		}
		info.Indexes = append(info.Indexes, index)
	}
	for _, fk := range t.ForeignKeys {
		info.ForeignKeys = append(info.ForeignKeys, ForeignKeyInfo{
			Name: fk.Name, Columns: slices.Clone(fk.Columns), RefTable: fk.RefTable, RefColumns: slices.Clone(fk.RefColumns),
			OnDelete: string(fk.OnDelete), OnUpdate: string(fk.OnUpdate), Deferrable: fk.Deferrable,
		})
	}
	return info
}
