package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/spillwaydb/spillway/internal/schema"
)

// Differences compares the tables of models with those of a database, in words, one for
// each difference: tables and columns that are missing, columns that no model has, and
// which of them may be NULL. It is the quick look of a program that starts; types, keys
// and indexes are compared by package autogen. Tables without a model are none of its
// business.
func Differences(ctx context.Context, db Database, tables []*schema.Table) ([]string, error) {
	query := `SELECT m.name, c.name, c."notnull" OR c.pk > 0 FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'`
	if db.Stats().Backend == Postgres {
		query = `SELECT t.relname::text, a.attname::text, a.attnotnull FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
			WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped`
	}
	have, err := columnsOf(ctx, db.SQL(), query)
	if err != nil {
		return nil, fmt.Errorf("migrate: compare the tables: %w", reason(err))
	}
	var out []string
	for _, t := range tables {
		columns, ok := have[t.Name]
		if !ok {
			out = append(out, fmt.Sprintf("the table %s is missing", t.Name))
			continue
		}
		for _, c := range t.Columns {
			notNull, ok := columns[c.Name]
			switch {
			case !ok:
				out = append(out, fmt.Sprintf("the column %s.%s is missing", t.Name, c.Name))
			case notNull && c.Nullable:
				out = append(out, fmt.Sprintf("the column %s.%s can not be NULL, in %s it can", t.Name, c.Name, c.Field))
			case !notNull && !c.Nullable:
				out = append(out, fmt.Sprintf("the column %s.%s can be NULL, in %s it can not", t.Name, c.Name, c.Field))
			}
			delete(columns, c.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(columns)) {
			out = append(out, fmt.Sprintf("the column %s.%s is in no model", t.Name, name))
		}
	}
	return out, nil
}

// columnsOf returns, by table and column, whether the column is NOT NULL.
func columnsOf(ctx context.Context, db *sql.DB, query string) (map[string]map[string]bool, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[string]map[string]bool{}
	for rows.Next() {
		var table, column string
		var notNull bool
		if err := rows.Scan(&table, &column, &notNull); err != nil {
			return nil, err
		}
		if have[table] == nil {
			have[table] = map[string]bool{}
		}
		have[table][column] = notNull
	}
	return have, rows.Err()
}
