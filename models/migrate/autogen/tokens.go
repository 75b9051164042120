package autogen

import "strings"

// A token is a word, a name in quotes, a string, a number or a sign of SQL text.
type token struct {
	kind       tokenKind
	text       string // of a name in quotes or a string: without the quotes
	start, end int    // in the text
}

type tokenKind uint8

const (
	word   tokenKind = iota // a keyword or a plain name
	quoted                  // a name in quotes
	str
	number
	sign
)

// is reports whether t is one of the keywords (in upper case).
func (t token) is(keywords ...string) bool {
	if t.kind != word {
		return false
	}
	for _, k := range keywords {
		if strings.EqualFold(t.text, k) {
			return true
		}
	}
	return false
}

func (t token) sign(s string) bool { return t.kind == sign && t.text == s }

// tokens cuts SQL text into tokens; comments and blanks fall out.
func tokens(sql string) (out []token) {
	closing := map[byte]byte{'"': '"', '`': '`', '[': ']', '\'': '\''}
	for i := 0; i < len(sql); {
		c, from := sql[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(sql)
			}
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			if n := strings.Index(sql[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(sql)
			}
			continue
		case c == '[' && len(out) > 0 && (out[len(out)-1].kind != sign || sql[i:min(i+2, len(sql))] == "[]"), c == ']':
			i++ // of an array
			out = append(out, token{sign, string(c), from, i})
		case closing[c] != 0:
			end := closing[c]
			var b strings.Builder
			for i++; i < len(sql); i++ {
				if sql[i] == end {
					if c == '[' || i+1 >= len(sql) || sql[i+1] != end {
						break
					}
					i++
				}
				b.WriteByte(sql[i])
			}
			i = min(i+1, len(sql))
			kind := quoted
			if c == '\'' {
				kind = str
			}
			out = append(out, token{kind, b.String(), from, i})
		case '0' <= c && c <= '9' || c == '.' && i+1 < len(sql) && '0' <= sql[i+1] && sql[i+1] <= '9':
			for i < len(sql) && (wordByte(sql[i]) || sql[i] == '.' || (sql[i] == '-' || sql[i] == '+') && (sql[i-1] == 'e' || sql[i-1] == 'E')) {
				i++
			}
			out = append(out, token{number, sql[from:i], from, i})
		case wordByte(c):
			for i < len(sql) && wordByte(sql[i]) {
				i++
			}
			out = append(out, token{word, sql[from:i], from, i})
		default:
			i++
			for _, long := range [...]string{"::", "<=", ">=", "<>", "!=", "||", "->>", "->", "=="} {
				if strings.HasPrefix(sql[from:], long) {
					i = from + len(long)
					break
				}
			}
			out = append(out, token{sign, sql[from:i], from, i})
		}
	}
	return out
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

// canon is SQL text in one spelling: blanks, comments, quotes around plain names, upper
// and lower case of words, and parentheses around the whole do not matter.
func canon(ts []token) string {
	for len(ts) > 1 && ts[0].sign("(") && closes(ts, 0) == len(ts)-1 {
		ts = ts[1 : len(ts)-1]
	}
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch t.kind {
		case word:
			b.WriteString(strings.ToLower(t.text))
		case quoted:
			b.WriteString(canonName(t.text))
		case str:
			b.WriteString("'" + strings.ReplaceAll(t.text, "'", "''") + "'")
		default:
			b.WriteString(t.text)
		}
	}
	return b.String()
}

func canonText(sql string) string { return canon(tokens(sql)) }

// canonName is how canon writes a name.
func canonName(name string) string {
	for i := range len(name) {
		if c := name[i]; !wordByte(c) || c >= 0x80 || c == '$' || 'A' <= c && c <= 'Z' || i == 0 && '0' <= c && c <= '9' {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// closes returns the index of the parenthesis that closes the one at i, -1 for none.
func closes(ts []token, i int) int {
	depth := 0
	for ; i < len(ts); i++ {
		switch {
		case ts[i].sign("("):
			depth++
		case ts[i].sign(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// mentions reports whether SQL text uses a name.
func mentions(sql, name string) bool {
	for _, t := range tokens(sql) {
		if t.kind == quoted && strings.EqualFold(t.text, name) || t.kind == word && strings.EqualFold(t.text, name) {
			return true
		}
	}
	return false
}
