package models

import (
	"strings"
	"unicode"
)

// snake returns a Go name in lower case with underscores: AuthorID is author_id,
// HTTPServer is http_server, UserIDs is user_ids.
func snake(name string) string {
	rs := []rune(name)
	var b strings.Builder
	for i, r := range rs {
		if i > 0 && unicode.IsUpper(r) && rs[i-1] != '_' {
			afterLower := !unicode.IsUpper(rs[i-1])
			beforeLower := i+1 < len(rs) && unicode.IsLower(rs[i+1]) && !pluralAt(rs, i+1)
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// pluralAt reports whether rs[i] is the s of an initialism in the plural, as in IDs.
func pluralAt(rs []rune, i int) bool {
	return rs[i] == 's' && (i+1 == len(rs) || unicode.IsUpper(rs[i+1])) && i > 1 && unicode.IsUpper(rs[i-2])
}

// plural returns the plural of an English word by the plain rules.
func plural(word string) string {
	switch {
	case word == "":
		return word
	case strings.HasSuffix(word, "y") && len(word) > 1 && !strings.ContainsRune("aeiou", rune(word[len(word)-2])):
		return word[:len(word)-1] + "ies"
	case strings.HasSuffix(word, "s"), strings.HasSuffix(word, "x"), strings.HasSuffix(word, "z"),
		strings.HasSuffix(word, "ch"), strings.HasSuffix(word, "sh"):
		return word + "es"
	default:
		return word + "s"
	}
}

// A Naming makes the name of a table of the name of a struct. A method TableName of the
// struct wins over it. It belongs to a registry: see [NewRegistry] and
// [Registry.UseNaming].
type Naming func(structName string) string

// LowerCase is the rule of Reflex and SQLModel: the struct's name in lower case, so that
// PostTag is posttag.
func LowerCase(structName string) string { return strings.ToLower(structName) }

// UseNaming sets how the registry names tables, which is how the default one is told:
//
//	var _ = models.Default().UseNaming(models.LowerCase)
//
// It panics when structs are registered already, since their tables have names. Package
// variables are made in the order in which they need each other; to be sure, make a
// registry by [NewRegistry] and register in that.
func (r *Registry) UseNaming(n Naming) *Registry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tables.Load().order) > 0 {
		panic("models: UseNaming comes too late: " + r.tables.Load().order[0].typ.String() + " is registered already, and its table has a name")
	}
	r.naming = n
	return r
}

// named is the rule in force.
func (r *Registry) named() Naming {
	if r.naming == nil {
		return SnakePlural
	}
	return r.naming
}

// SnakePlural is the default rule: snake case, the last word in the plural, so that
// PostTag is post_tags. (Plural because user and order are reserved words in Postgres.)
func SnakePlural(structName string) string {
	s := snake(structName)
	at := strings.LastIndexByte(s, '_') + 1
	return s[:at] + plural(s[at:])
}
