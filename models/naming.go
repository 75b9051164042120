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

// tableName is the name of the table of a struct: snake case, its last word in the
// plural. (Plural because user and order are reserved words in Postgres.)
func tableName(structName string) string {
	s := snake(structName)
	at := strings.LastIndexByte(s, '_') + 1
	return s[:at] + plural(s[at:])
}
