package pool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/driver/fake"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/pool"
)

// locks makes statements of the text "wait" meet a lock: in a flight that is shared they
// give up, alone they wait for it to be free.
func (s *shop) locks() (free func()) {
	lock := make(chan struct{})
	s.before = func(ctx context.Context, _ *fake.Conn, f *driver.Flight) error {
		for i := range f.Statements {
			if f.Statements[i].SQL != "wait" {
				continue
			}
			if f.Statements[i].SQL = "locked"; len(f.Statements) == 1 {
				select {
				case <-lock:
				case <-ctx.Done():
				}
				f.Statements[i].SQL = "set"
			}
		}
		return nil
	}
	return func() { close(lock) }
}

func TestAWriteThatMeetsALockGoesAloneForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), lanes(pool.Config{Size: 6, Overflow: pool.NoOverflow}))
		learn(t, p, k)
		other := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "other"}}}
		other.Learn(time.Millisecond)
		free := s.locks()
		ends, blocked := make(resolved, 100), make(resolved, 100)
		// group has all connections busy that wait for no lock, and sends what waits then.
		group := func(busy, locked, open int) []string {
			var held []*pool.Lease
			for range busy {
				held = append(held, take(t, context.Background(), p, "held"))
			}
			before := len(s.sent())
			for i := range locked {
				op := setRow(k.set, int64(i), -1)
				op.Statements[0].SQL = "wait"
				p.Submit(context.Background(), op, blocked)
			}
			for i := range open {
				p.Submit(context.Background(), setRow(other, int64(100+i), -1), ends)
			}
			for _, l := range held {
				l.Release()
			}
			for range open { // whatever becomes of those that wait for the lock
				if op := <-ends; op.Outcome() != nil {
					t.Error(op.Outcome())
				}
			}
			synctest.Wait()
			return s.sent()[before:]
		}
		inGroups := func(sent []string) (n int) {
			for _, flight := range sent {
				if strings.Contains(flight, ";wait") {
					n++
				}
			}
			return n
		}
		if sent := group(6, 8, 6); inGroups(sent) != 1 || p.Detours() != 1 {
			t.Errorf("%d detours; sent %q", p.Detours(), sent)
		}
		if n := len(s.stuck()); n != 3 {
			t.Errorf("%d of 6 connections wait for the lock, want half of them", n)
		}
		if sent := group(3, 8, 6); inGroups(sent) != 0 {
			t.Errorf("while it is known to be locked: sent %q", sent)
		}
		time.Sleep(time.Second)
		if sent := group(3, 2, 6); inGroups(sent) != 1 {
			t.Errorf("after a while: sent %q", sent)
		}
		free()
		for range 18 {
			if op := <-blocked; op.Outcome() != nil {
				t.Error(op.Outcome())
			}
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if sent := group(6, 2, 6); inGroups(sent) != 1 || len(sent) > 4 {
			t.Errorf("when it is free again: sent %q", sent)
		}
		<-blocked
		<-blocked
	})
}

// stuck are the flights that wait for a lock, as far as they have been sent alone.
func (s *shop) stuck() (alone []string) {
	for _, flight := range s.sent() {
		if flight == "wait" {
			alone = append(alone, flight)
		}
	}
	return alone
}

func TestWritesThatAreStuckAloneKeepNoGroupFromStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), lanes(pool.Config{Size: 8, Overflow: pool.NoOverflow}))
		learn(t, p, k)
		free := s.locks()
		ends, blocked := make(resolved, 8), make(resolved, 8)
		for i := range int64(4) {
			op := setRow(k.set, i, -1)
			op.Statements[0].SQL = "wait"
			p.Submit(context.Background(), op, blocked)
			synctest.Wait()
			if i == 0 { // the others find connections, and are not known to be slow
				time.Sleep(time.Millisecond)
			}
		}
		other := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: "other"}}}
		other.Learn(time.Millisecond)
		begin := time.Now()
		for i := range int64(8) {
			p.Submit(context.Background(), setRow(other, 100+i, -1), ends)
		}
		for range 8 {
			<-ends
		}
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("they waited %v", took)
		}
		synctest.Wait()
		if st := p.Stats(); st.SharedWrites.Sum != 8 || len(blocked) > 0 {
			t.Errorf("shared %+v", st.SharedWrites)
		}
		free()
		for range 4 {
			<-blocked
		}
	})
}

func TestWhatIsRememberedOfLocksIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := newShop(), newKinds()
		p := open(t, s.connector(), one(pool.Config{GroupWrites: pool.GroupAlways}))
		learn(t, p, k)
		free := s.locks()
		free() // whoever goes alone gets it
		s.takes = time.Microsecond
		most := 0
		for range 3 {
			for round := range 100 {
				var ops []*pool.Op
				for i := range int64(6) {
					table := &pool.Shape{Lane: pool.LaneWrite, Changes: []pool.Change{{Table: fmt.Sprint("t", round, " ", i)}}}
					table.Learn(time.Millisecond)
					op := setRow(table, i, -1)
					op.Statements[0].SQL = "wait"
					ops = append(ops, op)
				}
				s.together(t, p, ops...)
				most = max(most, p.Detours())
			}
			time.Sleep(time.Second)
		}
		if most != 256 {
			t.Errorf("%d are remembered, want 256", most)
		}
	})
}

// Two tables; somebody has locked one. Writes to the other go on in groups, and each of
// them waits for the lock of that stranger at most once, whatever waits for it, and however
// many connections that could take.
func TestPostgresWritesBesideALockedTableGoOn(t *testing.T) {
	const stuck, writers, each = 24, 40, 10
	url := testdb.Postgres(t)
	s, r := openRelay(t, url, pool.Config{Size: 8}, "CREATE TABLE moving (LIKE items INCLUDING ALL)", "INSERT INTO moving SELECT * FROM items")
	var shapes []*pool.Shape
	for range 3 {
		shape := quick(pool.LaneWrite)
		shape.Changes = []pool.Change{{Table: `"moving"`, Verb: pool.Update}}
		shapes = append(shapes, shape)
	}
	other := openStore(t, url, pool.Config{Size: 1})
	migration := take(t, context.Background(), other.p, "migration")
	if err := tell(t, migration, driver.Schema, "LOCK TABLE moving IN ACCESS EXCLUSIVE MODE", nil); err != nil {
		t.Fatal(err)
	}
	var patience string        // of a group that has not waited yet
	waited := map[string]int{} // by key, groups in which a write of the other table waited for the lock in full
	r.after = func(_ context.Context, f *driver.Flight) error {
		if !grouped(f) {
			return nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if patience == "" {
			patience = f.Statements[1].SQL
		}
		met := false
		for i := range f.Statements {
			met = met || strings.Contains(f.Statements[i].SQL, "moving") && f.Statements[i].Err != nil
		}
		for i := range f.Statements {
			if st := &f.Statements[i]; met && f.Statements[1].SQL == patience && strings.Contains(st.SQL, "items SET code") {
				waited[string(st.Args[1].Bytes())]++
			}
		}
		return nil
	}
	blocked := make(resolved, stuck+4)
	block := func(i int64) {
		op := setAt(shapes[i%3], fmt.Sprintf("UPDATE moving SET n = n + 1 WHERE id = $1 AND %d = %[1]d", i%3), i+1)
		s.p.Submit(context.Background(), op, blocked)
	}
	for i := range int64(4) { // on idle connections: alone, and then nobody starts a group
		block(i)
	}
	var began atomic.Int64
	crowd(writers, each, func(g, i int) {
		if n := began.Add(1); n%16 == 0 && n/16 <= stuck {
			block(n / 16)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		code := fmt.Sprintf("%d of %d", i, g)
		if n, err := s.write(ctx, s.set, "UPDATE items SET code = $2 WHERE id = $1", int64(g+1), driver.Text(code)); err != nil || n != 1 {
			t.Errorf("%s: %d %v", code, n, err)
		}
	})
	if len(blocked) > 0 {
		t.Errorf("%d writes to the locked table have ended", len(blocked))
	}
	if st := s.p.Stats(); st.SharedWrites.Sum < writers*each/8 {
		t.Errorf("%d writes of %d shared commits: %+v", st.SharedWrites.Sum, writers*each, st.SharedWrites)
	}
	r.mu.Lock()
	for code, n := range waited {
		if n > 1 {
			t.Errorf("the write %q waited for a stranger's lock %d times", code, n)
		}
	}
	t.Logf("%d of %d writes waited for the lock once", len(waited), writers*each)
	r.mu.Unlock()
	migration.Release()
	const want = 4 + stuck
	for range want {
		if op := <-blocked; op.Outcome() != nil {
			t.Error(op.Outcome())
		}
	}
	if n := s.number("SELECT sum(n)::int8 FROM moving"); n != want {
		t.Errorf("%d writes to the locked table are there, want %d", n, want)
	}
}

// Three tables are locked, and somebody wants to write to each in one group: the others of
// the group wait for the first of them with patience, and not for the rest.
func TestPostgresAGroupWaitsForStrangersOnce(t *testing.T) {
	url := testdb.Postgres(t)
	tables := []string{"moving1", "moving2", "moving3"}
	var more []string
	for _, table := range tables {
		more = append(more, "CREATE TABLE "+table+" (LIKE items INCLUDING ALL)")
	}
	s, r := openRelay(t, url, pool.Config{Size: 8}, more...)
	other := openStore(t, url, pool.Config{Size: 1})
	migration := take(t, context.Background(), other.p, "migration")
	for _, table := range tables {
		if err := tell(t, migration, driver.Schema, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE", nil); err != nil {
			t.Fatal(err)
		}
	}
	var patience []string // of the groups that waited in vain
	r.after = func(_ context.Context, f *driver.Flight) error {
		for i := range f.Statements {
			if grouped(f) && errors.Is(f.Statements[i].Err, driver.ErrLockTimeout) {
				r.mu.Lock()
				patience = append(patience, f.Statements[1].SQL)
				r.mu.Unlock()
			}
		}
		return nil
	}
	var held []*pool.Lease
	for range 8 {
		held = append(held, take(t, context.Background(), s.p, "held"))
	}
	blocked, ends := make(resolved, 3), make(resolved, 8)
	for _, table := range tables {
		shape := quick(pool.LaneWrite)
		shape.Changes = []pool.Change{{Table: table, Verb: pool.Update}}
		s.p.Submit(context.Background(), setAt(shape, "UPDATE "+table+" SET n = n + 1 WHERE id = $1", 1), blocked)
	}
	for _, op := range s.sets(8) {
		s.p.Submit(context.Background(), op, ends)
	}
	for _, l := range held {
		l.Release()
	}
	for range 8 {
		if op := <-ends; op.Outcome() != nil {
			t.Error(op.Outcome())
		}
	}
	r.mu.Lock()
	if len(patience) != 3 || patience[0] == patience[1] || patience[1] != patience[2] {
		t.Errorf("groups waited with %q", patience)
	}
	r.mu.Unlock()
	s.wantShared(pool.LaneWrite, 11)
	if len(blocked) > 0 {
		t.Error("a write to a locked table has ended")
	}
	migration.Release()
	for range 3 {
		<-blocked
	}
}

// One row is locked by a transaction. Writes of other rows of the same table go on in
// groups, and those of that row go alone.
func TestPostgresWritesBesideALockedRowGoOn(t *testing.T) {
	url := testdb.Postgres(t)
	s := openStore(t, url, pool.Config{Size: 4})
	other := openStore(t, url, pool.Config{Size: 1})
	owner := take(t, context.Background(), other.p, "owner")
	if err := tell(t, owner, driver.Raw, "UPDATE items SET n = 0 WHERE id = 7", nil); err != nil {
		t.Fatal(err)
	}
	const rounds = 5
	blocked := make(resolved, rounds)
	for range rounds {
		var held []*pool.Lease
		for range 2 { // at most two connections wait for the row
			held = append(held, take(t, context.Background(), s.p, "held"))
		}
		s.p.Submit(context.Background(), setAt(s.set, bump, 7), blocked)
		ends := make(resolved, 8)
		for k := range int64(8) {
			s.p.Submit(context.Background(), setAt(s.set, bump, 10+k), ends)
		}
		for _, l := range held {
			l.Release()
		}
		for range 8 {
			if op := <-ends; op.Outcome() != nil {
				t.Error(op.Outcome())
			}
		}
	}
	st := s.p.Stats()
	if len(blocked) > 0 || st.SharedWrites.Sum < rounds {
		t.Errorf("%d writes of the row have ended; shared %+v", len(blocked), st.SharedWrites)
	}
	owner.Release()
	for range rounds {
		if op := <-blocked; op.Outcome() != nil {
			t.Error(op.Outcome())
		}
	}
	if n := s.number("SELECT sum(n)::int8 FROM items"); n != 9*rounds {
		t.Errorf("%d writes, want %d", n, 9*rounds)
	}
}
