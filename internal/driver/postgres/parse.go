package postgres

import (
	"strconv"
	"strings"
	"time"
)

// parseTime reads a date or timestamp in ISO style, which is the style that the
// connection asks for: "2026-11-21 07:36:23.123456+05:30:15 BC", from the left as far
// as there is something.
func parseTime(s string) (time.Time, bool) {
	s, bc := strings.CutSuffix(s, " BC")
	date, clock, timed := strings.Cut(s, " ")
	var d, c, z [3]int
	if !numbers(date, '-', d[:], 3) {
		return time.Time{}, false
	}
	nanos := 0
	if timed {
		zone := ""
		sign := 1
		if i := strings.IndexAny(clock, "+-"); i >= 0 {
			if clock[i] == '-' {
				sign = -1
			}
			clock, zone = clock[:i], clock[i+1:]
			if !numbers(zone, ':', z[:], 1) {
				return time.Time{}, false
			}
		}
		clock, fraction, _ := strings.Cut(clock, ".")
		if !numbers(clock, ':', c[:], 3) || len(fraction) > 9 {
			return time.Time{}, false
		}
		if fraction != "" {
			var f [1]int
			if !numbers(fraction, 0, f[:], 1) {
				return time.Time{}, false
			}
			nanos = f[0]
			for range 9 - len(fraction) {
				nanos *= 10
			}
		}
		c[2] -= sign * (z[0]*3600 + z[1]*60 + z[2])
	}
	if bc {
		d[0] = 1 - d[0]
	}
	return time.Date(d[0], time.Month(d[1]), d[2], c[0], c[1], c[2], nanos, time.UTC), true
}

// numbers reads at least least numbers separated by sep.
func numbers(s string, sep byte, to []int, least int) bool {
	n := 0
	for more := true; more; n++ {
		var part string
		part, s, more = strings.Cut(s, string(rune(sep)))
		if n == len(to) {
			return false
		}
		v, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return false
		}
		to[n] = int(v)
	}
	return n >= least
}

// parseArray reads an array literal: '{1,NULL,"a \"b\""}', nested for more dimensions,
// behind bounds such as "[0:1]=" that are ignored.
func parseArray(s, name string, elem uint32) ([]any, bool) {
	if strings.HasPrefix(s, "[") {
		_, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, false
		}
		s = rest
	}
	p := &arrayParser{s: s, row: row{cols: []column{{name: name, oid: elem}}, values: make([][]byte, 1)}}
	a, ok := p.array(0)
	return a, ok && p.i == len(p.s)
}

type arrayParser struct {
	s   string
	i   int
	row row // reads the elements
}

// maxDimensions is the server's limit.
const maxDimensions = 6

func (p *arrayParser) array(depth int) ([]any, bool) {
	if depth == maxDimensions || !p.skip('{') {
		return nil, false
	}
	a := []any{}
	if p.skip('}') {
		return a, true
	}
	for {
		var v any
		ok := true
		if p.i < len(p.s) && p.s[p.i] == '{' {
			v, ok = p.array(depth + 1)
		} else {
			v, ok = p.element()
		}
		if !ok {
			return nil, false
		}
		a = append(a, v)
		if p.skip('}') {
			return a, true
		}
		if !p.skip(',') {
			return nil, false
		}
	}
}

func (p *arrayParser) skip(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *arrayParser) element() (any, bool) {
	text := []byte{}
	quoted := p.skip('"')
	for ; ; p.i++ {
		if p.i >= len(p.s) {
			return nil, false
		}
		c := p.s[p.i]
		switch {
		case quoted && c == '"':
			p.i++
			return p.value(text)
		case !quoted && (c == ',' || c == '}'):
			if string(text) == "NULL" {
				return nil, true
			}
			return p.value(text)
		case c == '\\':
			if p.i++; p.i >= len(p.s) {
				return nil, false
			}
			c = p.s[p.i]
		}
		text = append(text, c)
	}
}

func (p *arrayParser) value(text []byte) (any, bool) {
	p.row.values[0] = text
	v, err := p.row.Value(0)
	return v, err == nil
}
