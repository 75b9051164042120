package modeltest

import (
	"fmt"
	"sync"

	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

const (
	crowdSize = 64
	// crowdRounds bounds how often the crowd tries to meet in a lane: whether statements
	// wait at the same moment is up to the machine.
	crowdRounds = 200
)

// crowd is many callers at once, each with a row of its own: every answer must be its own,
// and a read sees what was acknowledged before. It goes on until the pool's counters say
// that the lanes were used, which they must not be where they are closed.
func crowd(s side) {
	names := make([]string, crowdSize)
	for i := range names {
		names[i] = fmt.Sprintf("member%03d", i)
	}
	ms := members(s, names[:2]...)
	for _, n := range names[2:] {
		m := &Member{Name: n}
		s.must(create(s.direct(), m))
		ms = append(ms, m)
	}
	before := s.db.Stats()
	rounds := crowdRounds
	closed := pool.Config{}.WithDefaults().Flights == pool.LaneOff
	if closed {
		rounds /= 10
	}
	for round := range rounds {
		var all sync.WaitGroup
		for _, m := range ms {
			all.Go(func() { s.callOf(m, round) })
		}
		all.Wait()
		now := s.db.Stats()
		reads, writes := now.SharedReads.Count-before.SharedReads.Count, now.SharedWrites.Count-before.SharedWrites.Count
		merged := now.Merged - before.Merged
		switch {
		case s.Failed():
			return
		case closed && reads+writes+merged > 0:
			s.Fatalf("the lanes are closed and were used: %d reads, %d writes shared, %d lookups merged", reads, writes, merged)
		case closed:
		case reads > 0 && writes > 0 && (merged > 0 || now.Backend == "sqlite"):
			return
		case round == rounds-1:
			s.Errorf("%d callers, %d rounds: %d flights of reads, %d of writes shared, %d lookups merged", crowdSize, rounds, reads, writes, merged)
		}
	}
}

// callOf is one caller's part of a round.
func (s side) callOf(m *Member, round int) {
	d := s.direct()
	points := round + 1
	if n, err := exec(d, models.Update(memberT).Set(models.To(&memberT.Points, points)).Where(models.Eq(&memberT.ID, m.ID))); n != 1 || err != nil {
		s.Errorf("%s: %d rows changed, %v", m.Name, n, err)
	}
	if got, err := get[Member](d, m.ID); err != nil || got.Name != m.Name || got.Points < points {
		s.Errorf("%s, at least %d points: %+v, %v", m.Name, points, got, err)
	}
	if got, err := one(d, models.From(memberT).Where(models.Eq(&memberT.Name, m.Name))); err != nil || got.ID != m.ID || got.Points < points {
		s.Errorf("%s, at least %d points: %+v, %v", m.Name, points, got, err)
	}
	msg := &Message{Text: fmt.Sprint(m.Name, " in round ", round), MemberID: m.ID}
	if err := create(d, msg); err != nil {
		s.Errorf("%s: %v", m.Name, err)
	}
	if n, err := count(d, models.From(messageT).Where(models.Eq(&messageT.MemberID, m.ID), models.Eq(&messageT.Text, msg.Text))); n != 1 || err != nil {
		s.Errorf("%s: %d messages of round %d, %v", m.Name, n, round, err)
	}
}
