package dialect

import (
	"strings"
	"unicode/utf8"
)

// NameStart reports whether a name, or the name of a parameter, may begin with c.
func NameStart(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

// NamePart reports whether c may stand within a name.
func NamePart(c byte) bool { return NameStart(c) || '0' <= c && c <= '9' }

// QuotedEnd returns where what begins at byte i of sql ends, if it is quoted, dollar
// quoted, or a comment; i if it is neither, -1 if it does not end.
func QuotedEnd(sql string, i int) int {
	until := func(from int, end string) int {
		at := strings.Index(sql[from:], end)
		if at < 0 {
			return -1
		}
		return from + at + len(end)
	}
	switch c := sql[i]; {
	case c == '\'':
		if i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e') && (i == 1 || !NamePart(sql[i-2])) {
			for j := i + 1; j < len(sql); j++ { // Postgres' strings with backslashes
				switch sql[j] {
				case '\\':
					j++
				case '\'':
					return j + 1
				}
			}
			return -1
		}
		return until(i+1, "'")
	case c == '"':
		return until(i+1, `"`)
	case strings.HasPrefix(sql[i:], "--"):
		if end := until(i, "\n"); end > 0 {
			return end
		}
		return len(sql)
	case strings.HasPrefix(sql[i:], "/*"):
		return until(i+2, "*/")
	case c == '$' && (i == 0 || !NamePart(sql[i-1])):
		end := i + 1
		for end < len(sql) && NamePart(sql[end]) {
			end++
		}
		if end < len(sql) && sql[end] == '$' && (end == i+1 || NameStart(sql[i+1])) {
			return until(end+1, sql[i:end+1])
		}
	}
	return i
}

// Script splits a text of several statements at the semicolons between them, since
// Postgres' extended protocol takes one statement at a time. Semicolons in quotes,
// comments and parentheses (rules have them there) do not count, nor do those in the body
// of a function written BEGIN ATOMIC … END or of a trigger of SQLite. Parts without a
// statement are left out.
func Script(sql string) (statements []string) {
	from, parens, body := 0, 0, 0
	empty, begin := true, false     // nothing but blanks and comments so far; the last word was BEGIN
	create, trigger := false, false // the statement begins with CREATE; and has the word TRIGGER
	part := func(end int) {
		if s := strings.TrimSpace(sql[from:end]); !empty {
			statements = append(statements, s)
		}
		empty = true
	}
	for i := 0; i < len(sql); {
		end := QuotedEnd(sql, i)
		if end < 0 {
			end = len(sql) // the server says what is wrong
		}
		switch c := sql[i]; {
		case end > i:
			if c != '-' && c != '/' {
				empty = false
			}
			i = end
			continue
		case NameStart(c):
			end = i + 1
			for end < len(sql) && NamePart(sql[end]) {
				end++
			}
			word := strings.ToUpper(sql[i:end])
			if empty {
				create, trigger = word == "CREATE", false
			}
			empty = false
			trigger = trigger || create && word == "TRIGGER"
			switch {
			case word == "ATOMIC" && begin, body > 0 && word == "CASE", trigger && word == "BEGIN" && body == 0:
				body++
			case body > 0 && word == "END":
				body--
			}
			begin = word == "BEGIN"
			i = end
			continue
		case c == '(':
			parens++
		case c == ')':
			parens--
		case c == ';' && parens <= 0 && body == 0:
			part(i)
			from = i + 1
		}
		if !strings.ContainsRune(" \t\r\n\f;", rune(sql[i])) {
			empty = false
		}
		i++
	}
	part(len(sql))
	return statements
}
