package models

import "sync"

// texts holds statement texts under the shape they were made for, so that a text is
// built once and the same string reaches the drivers, which prepare by text.
type texts struct {
	mu sync.RWMutex
	m  map[shape]string
}

// shape tells the statements of one table apart: by verb and dialect, the columns that
// an INSERT leaves out or an UPDATE writes (positions as bytes), and the number of rows.
type shape struct {
	verb, dialect byte
	left          uint64
	write         string
	rows          int
}

func (t *texts) get(s shape, make func() string) string {
	t.mu.RLock()
	text, ok := t.m[s]
	t.mu.RUnlock()
	if ok {
		return text
	}
	text = make()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil || len(t.m) > maxTexts {
		t.m = map[shape]string{}
	}
	t.m[s] = text
	return text
}

// maxTexts bounds what is remembered; a program has far fewer shapes unless it builds
// them at random.
const maxTexts = 4096

// queryTexts holds the texts of built queries: the text is its own shape.
var queryTexts struct {
	sync.RWMutex
	m map[string]string
}

// intern returns b as a string, always the same one.
func intern(b []byte) string {
	queryTexts.RLock()
	s, ok := queryTexts.m[string(b)]
	queryTexts.RUnlock()
	if ok {
		return s
	}
	queryTexts.Lock()
	defer queryTexts.Unlock()
	if queryTexts.m == nil || len(queryTexts.m) > maxTexts {
		queryTexts.m = map[string]string{}
	}
	s = string(b)
	queryTexts.m[s] = s
	return s
}
