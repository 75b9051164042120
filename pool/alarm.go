package pool

import "time"

// An alarm calls ring at a moment or before: setting it for a later one costs nothing,
// since ring looks what the time is and sets the alarm again. So a timer of the runtime
// is touched now and then, not for each operation. Guarded by Pool.mu.
type alarm struct {
	ring  func() // in a goroutine of its own; it must call rang first
	timer *time.Timer
	at    time.Time // zero: not set
}

// by has the alarm ring at that moment or earlier; the zero time asks for nothing. t is
// the time now.
func (a *alarm) by(at, t time.Time) {
	if at.IsZero() || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.at = at
	if d := max(0, at.Sub(t)); a.timer == nil {
		a.timer = time.AfterFunc(d, a.ring)
	} else {
		a.timer.Reset(d)
	}
}

// rang notes that the alarm is not set any more.
func (a *alarm) rang() { a.at = time.Time{} }

// stop ends it.
func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.rang()
}
