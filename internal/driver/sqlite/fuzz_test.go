package sqlite

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzTimes(f *testing.F) {
	f.Add(int64(0), int64(0))
	f.Add(int64(-62135596800), int64(999999999))
	f.Fuzz(func(t *testing.T, seconds, nanos int64) {
		at := time.Unix(seconds, nanos%1e9)
		b, err := appendTime(nil, at)
		if year := at.UTC().Year(); (err == nil) != (year >= 0 && year <= 9999) {
			t.Fatalf("year %d: %v", year, err)
		}
		if err != nil {
			return
		}
		back, err := parseTime(b)
		if err != nil || !back.Equal(at.Add(-time.Duration(at.Nanosecond()%1000))) {
			t.Fatalf("%v is stored as %s and read as %v, %v", at.UTC(), b, back, err)
		}
		if own, ok := parseOwn(b); !ok || !own.Equal(back) {
			t.Fatalf("%s is not read as our own form", b)
		}
	})
}

func FuzzTimeTexts(f *testing.F) {
	f.Add("2006-01-02 15:04:05.000000Z")
	f.Add("2006-01-02T15:04Z")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := parseTime([]byte(s))
		if err != nil {
			return
		}
		b, err := appendTime(nil, at)
		if err != nil {
			return // an offset can lead out of the years
		}
		if back, err := parseTime(b); err != nil || !back.Equal(at) {
			t.Fatalf("%q is %v, stored as %s, read as %v, %v", s, at, b, back, err)
		}
	})
}

func FuzzUUIDs(f *testing.F) {
	f.Add("00112233-4455-6677-8899-aabbccddeeff")
	f.Fuzz(func(t *testing.T, s string) {
		u, ok := parseUUID([]byte(s))
		if !ok {
			return
		}
		if back, ok := parseUUID(appendUUID(nil, u)); !ok || back != u {
			t.Fatalf("%q is %x and comes back as %x", s, u, back)
		}
	})
}

func FuzzArrays(f *testing.F) {
	f.Add("a", "\"\\\x00\x1f")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return // JSON has no such text; SQLite takes it as it is
		}
		text, err := appendArray(nil, []string{a, b})
		if err != nil {
			t.Fatal(err)
		}
		var back []string
		if err := json.Unmarshal(text, &back); err != nil || len(back) != 2 || back[0] != a || back[1] != b {
			t.Fatalf("%q, %q became %s: %v", a, b, text, err)
		}
	})
}
