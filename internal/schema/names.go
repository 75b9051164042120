package schema

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// MaxName is the length in bytes to which names are kept: Postgres cuts longer ones off
// (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
const MaxName = 63

// UniqueName names a unique constraint, such as uq_users_email.
func UniqueName(table string, columns ...string) string { return join("uq", table, columns) }

// IndexName names an index, such as ix_posts_author_id.
func IndexName(table string, columns ...string) string { return join("ix", table, columns) }

// CheckName names a check, such as ck_users_age.
func CheckName(table string, columns ...string) string { return join("ck", table, columns) }

// ForeignKeyName names a foreign key, such as fk_posts_author_id_users.
func ForeignKeyName(table string, columns []string, refTable string) string {
	return join("fk", table, append(columns[:len(columns):len(columns)], refTable))
}

// join builds a name and shortens it to MaxName by a hash, so that long names that
// differ stay different.
func join(prefix, table string, rest []string) string {
	s := prefix + "_" + table + "_" + strings.Join(rest, "_")
	if len(s) <= MaxName {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(s))
	return fmt.Sprintf("%s_%08x", strings.ToValidUTF8(s[:MaxName-9], ""), h.Sum32())
}
