package autogen

import (
	"errors"
	"strings"
)

// A QuestionKind says what a [Question] is about.
type QuestionKind string

// The questions that only a person can answer.
const (
	// MayBeRenamed: a column or table vanishes and one like it appears.
	MayBeRenamed QuestionKind = "rename"
	// NeedsConsent: a column or table is to be dropped, with its values.
	NeedsConsent QuestionKind = "drop"
	// NeedsFill: a column that can not be NULL needs a value for the rows that exist.
	NeedsFill QuestionKind = "fill"
)

// A Question is what [Create] can not decide by itself. Ask it, put the answer into
// [Options] (or let whoever runs the command do so by Flag), and call Create again.
type Question struct {
	Kind QuestionKind `json:"kind"`
	// Table and Column name what it is about; Column is empty for a whole table. To is
	// the new name that a rename would give.
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
	To     string `json:"to,omitempty"`
	// Text is the question in words, Flag the command line's answer to it, such as
	// "--rename users.mail=users.email".
	Text string `json:"text"`
	Flag string `json:"flag"`
}

// ErrQuestions is the kind of a *[QuestionsError].
var ErrQuestions = errors.New("autogen: a person has to decide")

// A QuestionsError lists what has to be answered before a migration can be written.
// Nothing was written.
type QuestionsError struct{ Questions []Question }

// Error lists the questions with the flags that answer them.
func (e *QuestionsError) Error() string {
	var b strings.Builder
	b.WriteString(ErrQuestions.Error() + ":")
	for _, q := range e.Questions {
		b.WriteString("\n  " + q.Text + " (" + q.Flag + ")")
	}
	return b.String()
}

// Unwrap returns [ErrQuestions].
func (e *QuestionsError) Unwrap() error { return ErrQuestions }
