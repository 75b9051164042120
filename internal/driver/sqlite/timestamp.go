package sqlite

import (
	"errors"
	"time"
)

// timeLength is the length of a stored time: 2006-01-02 15:04:05.000000Z.
const timeLength = 27

var (
	errYear = errors.New("the year is not between 0000 and 9999")
	errTime = errors.New("not a date or time")
)

// appendTime appends the stored form of t.
func appendTime(b []byte, t time.Time) ([]byte, error) {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return b, errYear
	}
	hour, minute, second := t.Clock()
	b = digits(b, year, 4)
	b = digits(append(b, '-'), int(month), 2)
	b = digits(append(b, '-'), day, 2)
	b = digits(append(b, ' '), hour, 2)
	b = digits(append(b, ':'), minute, 2)
	b = digits(append(b, ':'), second, 2)
	b = digits(append(b, '.'), t.Nanosecond()/1000, 6)
	return append(b, 'Z'), nil
}

// digits appends the last width digits of n.
func digits(b []byte, n, width int) []byte {
	var d [6]byte
	for i := width - 1; i >= 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, d[:width]...)
}

// timeLayouts are the other forms that SQLite's date functions know, with and without
// an offset (https://www.sqlite.org/lang_datefunc.html#time_values). Fractions of a
// second need no layout of their own.
var timeLayouts = [...]string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02",
	"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z07:00",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04Z07:00", "2006-01-02T15:04Z07:00",
}

// parseTime reads a stored time: ours, or any form that SQLite's date functions know.
func parseTime(b []byte) (time.Time, error) {
	if t, ok := parseOwn(b); ok {
		return t, nil
	}
	text := string(b)
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.UTC()
			return t.Add(-time.Duration(t.Nanosecond() % 1000)), nil
		}
	}
	return time.Time{}, errTime
}

// parseOwn reads the form that appendTime writes.
func parseOwn(b []byte) (time.Time, bool) {
	if len(b) != timeLength || b[4] != '-' || b[7] != '-' || b[10] != ' ' || b[13] != ':' || b[16] != ':' || b[19] != '.' || b[26] != 'Z' {
		return time.Time{}, false
	}
	year, ok1 := number(b[0:4])
	month, ok2 := number(b[5:7])
	day, ok3 := number(b[8:10])
	hour, ok4 := number(b[11:13])
	minute, ok5 := number(b[14:16])
	second, ok6 := number(b[17:19])
	micro, ok7 := number(b[20:26])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, micro*1000, time.UTC)
	return t, t.Day() == day // not the 30th of February
}

func number(b []byte) (n int, ok bool) {
	for _, ch := range b {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		n = n*10 + int(ch-'0')
	}
	return n, true
}
