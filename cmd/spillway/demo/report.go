package demo

import (
	"encoding/json"
	"io"
	"time"
)

// A Report is what one run of the demo did and found out.
type Report struct {
	// Source is the tree that was indexed, Database the file, or the URL without its
	// password, that holds the index now, Backend its kind.
	Source   string `json:"source"`
	Database string `json:"database"`
	Backend  string `json:"backend"`

	// Rows in the database after the run.
	Packages     int64 `json:"packages"`
	Files        int64 `json:"files"`
	Declarations int64 `json:"declarations"`
	Imports      int64 `json:"imports"`

	// What became of the tree's files in this run: Indexed were new or changed, Removed
	// are in the database no longer, Unchanged cost nothing.
	Indexed   int `json:"files_indexed"`
	Removed   int `json:"files_removed"`
	Unchanged int `json:"files_unchanged"`
	// Problems are files, with a reason, that could be parsed in part only.
	Problems []string `json:"problems,omitempty"`

	// RowsWritten were inserted, updated or deleted, as the database counted them;
	// Statements were sent and Commits confirmed, in the whole run.
	RowsWritten uint64 `json:"rows_written"`
	Statements  uint64 `json:"statements"`
	Commits     uint64 `json:"commits"`
	// Seconds of the whole run, of its indexing, and of its questions.
	Seconds         float64 `json:"seconds"`
	IndexSeconds    float64 `json:"index_seconds"`
	QuestionSeconds float64 `json:"question_seconds"`

	Answers []Answer `json:"answers"`
	Pool    Pool     `json:"pool"`
}

// An Answer is the result of one question, best first.
type Answer struct {
	Question string      `json:"question"`
	Unit     string      `json:"unit"` // what Value counts
	Rows     []AnswerRow `json:"rows"`
}

// An AnswerRow is one line of an [Answer].
type AnswerRow struct {
	Label string `json:"label"`
	Note  string `json:"note,omitempty"`
	Value int64  `json:"value"`
}

// Pool is what the connection pool went through during the run.
type Pool struct {
	Size       int    `json:"size"`
	Overflow   int    `json:"overflow"`
	Operations uint64 `json:"operations"`
	Failed     uint64 `json:"failed"`
	RowsRead   uint64 `json:"rows_read"`
	Flights    uint64 `json:"flights"`
	Connects   uint64 `json:"connects"`
	// MostUsed and MostWaiting are the highest numbers of connections in use and of
	// waiting operations that were seen; they are looked at a few times a second.
	MostUsed    int `json:"most_used"`
	MostWaiting int `json:"most_waiting"`
	// Milliseconds an operation waited for a connection and took on it.
	WaitP50      float64 `json:"wait_p50_ms"`
	WaitP99      float64 `json:"wait_p99_ms"`
	ExecutionP50 float64 `json:"execution_p50_ms"`
	ExecutionP99 float64 `json:"execution_p99_ms"`
}

// WriteJSON prints the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
