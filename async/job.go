package async

import "context"

// A job is one thing that a session is to do: a verb, or marking objects. It is the part
// of it that the mailbox knows; all fields are guarded by mailbox.mu.
type job struct {
	work       work
	ctx        context.Context
	kind       jobKind
	state      jobState
	shared     bool // runs beside other reads
	list       *jobList
	prev, next *job
	unwatch    func() bool // ends the watch over ctx
}

// work is what a job does. No method is called with mailbox.mu held.
type work interface {
	// begin starts the work; when that has ended, mailbox.ended is called. Marking is
	// done when begin returns.
	begin()
	// conclude does the last step and settles the future.
	conclude()
	// refuse settles the future of work that was never begun.
	refuse(reason error)
	// stop cancels work that was begun.
	stop(cause error) bool
}

type jobKind uint8

const (
	reading  jobKind = iota // may run beside others of its kind
	changing                // runs alone
	marking                 // Add and Delete: no operation, but not while one changes
)

type jobState uint8

const (
	jobQueued jobState = iota
	jobFlying          // begun, operations under way
	jobOver            // to be concluded
	jobGone            // concluded, or never begun
)

// jobList is a doubly linked list of jobs.
type jobList struct {
	head, tail *job
	len        int
}

func (l *jobList) push(j *job) {
	j.list, j.prev, j.next = l, l.tail, nil
	if l.tail == nil {
		l.head = j
	} else {
		l.tail.next = j
	}
	l.tail = j
	l.len++
}

func (j *job) remove() {
	l := j.list
	if l == nil {
		return
	}
	if j.prev == nil {
		l.head = j.next
	} else {
		j.prev.next = j.next
	}
	if j.next == nil {
		l.tail = j.prev
	} else {
		j.next.prev = j.prev
	}
	j.list, j.prev, j.next = nil, nil, nil
	l.len--
}

// move takes j to another list and state.
func (j *job) move(l *jobList, s jobState) {
	j.remove()
	j.state = s
	if l != nil {
		l.push(j)
	}
}
