package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/async"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/pool"
)

const (
	// chaosEnv says how many operations, for longer runs (make chaos).
	chaosEnv        = "SPILLWAY_CHAOS"
	chaosOperations = 200_000
	chaosGoroutines = 500
	// chaosRows never change; each says who it is.
	chaosRows = 5_000
	// chaosOwners share them, so many each.
	chaosOwners = chaosRows / 5
	// chaosPatience is how long an operation may take, when its connection dies too.
	chaosPatience = 30 * time.Second
	// chaosCalm is how many operations begin between two faults.
	chaosCalm = 1_500
)

// Hundreds of goroutines read and write while connections die and statements fail, run
// out of time and are canceled. Nobody may ever get a row of another, nothing that was
// acknowledged may be lost, and every operation ends.
//
// It was seen to fail on engines that were broken for it, with 60 000 operations:
//
//   - Two members of a flight got each other's rows (their sinks were swapped where the
//     flight is put together): all 500 goroutines stopped with "a foreign row: asked for
//     2277, got 2394 with token …".
//   - A row of a merged lookup went to the one that asked next: the same, and lookups that
//     found nothing.
//   - A group was acknowledged before its COMMIT was (its connection was lost, and its
//     writes were taken for done): "35 acknowledged rows are lost", and "an update by key
//     changed 0 rows" of the same goroutines.
//   - A group whose connection was lost was sent again: 20 inserts failed with "unique
//     constraint violated", which nothing explains.
func TestChaos(t *testing.T) {
	n := chaosSize(t)
	t.Run("lanes on", func(t *testing.T) {
		s := underChaos(t, spillway.Config{Flights: spillway.LaneOn, ByKey: spillway.LaneOn, GroupWrites: spillway.GroupAuto}, n*3/4)
		if s.Merged == 0 || s.SharedReads.Sum == 0 || s.SharedWrites.Sum == 0 || s.Resends == 0 {
			t.Error("a lane was not used")
		}
	})
	t.Run("lanes off", func(t *testing.T) {
		s := underChaos(t, spillway.Config{Flights: spillway.LaneOff, ByKey: spillway.LaneOff, GroupWrites: spillway.GroupOff}, n/4)
		if n := uint64(s.SharedReads.Sum) + uint64(s.SharedWrites.Sum) + s.Merged; n != 0 {
			t.Errorf("%d operations shared flights", n)
		}
	})
}

// underChaos is one run.
func underChaos(t *testing.T, cfg spillway.Config, operations int) pool.Stats {
	t.Helper()
	server := testdb.Postgres(t)
	proxy := testdb.NewProxy(t, server)
	cfg.URL, cfg.Size, cfg.Overflow = proxy.URL(), 8, 4
	c := &chaos{
		t: t, proxy: proxy, ledger: newLedger(), kinds: map[string]int{}, operations: int64(operations),
		db: open(t, cfg), due: make(chan struct{}, 1),
	}
	c.fill()
	stop := c.disturb(server)
	var work sync.WaitGroup
	begin := time.Now()
	for g := range chaosGoroutines {
		work.Go(func() { c.run(int64(g)) })
	}
	work.Wait()
	took := time.Since(begin)
	faults := stop()
	c.end()
	s := c.db.Stats()
	t.Logf("%d operations in %v (%.0f/s), %d faults, %d connects; errors: %v", c.begun.Load(), took.Round(time.Millisecond),
		float64(c.begun.Load())/took.Seconds(), faults, s.Connects, c.kinds)
	t.Logf("%d reads shared %d flights, %d writes %d commits, %d lookups were merged, %d flights sent again",
		s.SharedReads.Sum, s.SharedReads.Count, s.SharedWrites.Sum, s.SharedWrites.Count, s.Merged, s.Resends)
	if faults < int(c.operations/chaosCalm/2) {
		t.Errorf("only %d faults", faults)
	}
	if c.kinds["deadline"] == 0 || c.kinds["canceled"] == 0 || operations > 100_000 && len(c.unknown) == 0 {
		t.Error("a kind of fault hit nothing")
	}
	return s
}

func chaosSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv(chaosEnv)
	if text == "" {
		return chaosOperations
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s is %q, want a number of operations", chaosEnv, text)
	}
	return n
}

// chaos is one run.
type chaos struct {
	t          *testing.T
	db         *spillway.DB
	proxy      *testdb.Proxy
	operations int64
	begun      atomic.Int64
	due        chan struct{} // a fault
	ids        []int64       // of the rows that never change
	*ledger                  // of inserts

	mu    sync.Mutex
	kinds map[string]int
	own   []ownRow // what goroutines left behind
}

// An ownRow is written by one goroutine alone.
type ownRow struct {
	id    int64
	acked int64
	// unknown are values whose write may or may not have happened, or may still: the
	// server goes on when it is cut off.
	unknown map[int64]bool
}

func (r *ownRow) allows(v int64) bool { return v == r.acked || r.unknown[v] }

func chaosToken(i int64) string { return fmt.Sprintf("chaos %d %d", i, i*7919%100_003) }

// fill makes the rows that never change: row i has owner i modulo chaosOwners, value i,
// and a token made of i.
func (c *chaos) fill() {
	c.t.Helper()
	var rows []*entry
	for i := range int64(chaosRows) {
		rows = append(rows, &entry{Owner: i % chaosOwners, Token: chaosToken(i), Value: i})
	}
	if _, err := models.Exec(c.t.Context(), c.db, models.Insert(rows...)); err != nil {
		c.t.Fatal(err)
	}
	for _, r := range rows {
		c.ids = append(c.ids, r.ID)
	}
}

// is checks that x is row i and no other.
func (c *chaos) is(x *entry, i int64) error {
	if x.ID != c.ids[i] || x.Value != i || x.Token != chaosToken(i) || x.Owner != i%chaosOwners {
		return fmt.Errorf("a foreign row: asked for %d, got %d with token %q", c.ids[i], x.ID, x.Token)
	}
	return nil
}

// errForeign marks what must never happen.
var errForeign = errors.New("this must never happen")

// run is one goroutine.
func (c *chaos) run(g int64) {
	rnd := rand.New(rand.NewPCG(uint64(g), 1))
	row := ownRow{unknown: map[int64]bool{}}
	for n := int64(0); ; n++ {
		number := c.begun.Add(1)
		if number > c.operations {
			c.begun.Add(-1)
			break
		}
		if number%chaosCalm == 0 {
			select {
			case c.due <- struct{}{}:
			default: // one is due already
			}
		}
		ctx, cancel := context.WithTimeout(c.t.Context(), chaosPatience)
		err := c.one(ctx, rnd, g, n, &row)
		late := errors.Is(ctx.Err(), context.DeadlineExceeded)
		cancel()
		c.note(err)
		if late || errors.Is(err, errForeign) {
			c.t.Errorf("goroutine %d, operation %d: %v", g, n, err)
			return
		}
	}
	if row.id != 0 {
		c.mu.Lock()
		c.own = append(c.own, row)
		c.mu.Unlock()
	}
}

// note counts errors by their kind. Those that no fault explains fail the test.
func (c *chaos) note(err error) {
	if err == nil {
		return
	}
	kind := ""
	switch {
	case errors.Is(err, errForeign):
		return
	case errors.Is(err, context.DeadlineExceeded):
		kind = "deadline"
	case errors.Is(err, context.Canceled):
		kind = "canceled"
	case errors.Is(err, spillway.ErrOutcomeUnknown):
		kind = "outcome unknown"
	case errors.Is(err, spillway.ErrConnectionLost), errors.Is(err, models.ErrNeedsRollback):
		kind = "connection lost"
	case errors.Is(err, spillway.ErrConnect):
		kind = "can not connect"
	case errors.Is(err, spillway.ErrLockTimeout):
		kind = "lock timeout"
	default:
		c.t.Errorf("an error that nothing explains: %v", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[kind]++
}

// one is one operation of a kind drawn at random.
func (c *chaos) one(ctx context.Context, rnd *rand.Rand, g, n int64, row *ownRow) error {
	i := rnd.Int64N(chaosRows)
	switch draw := rnd.IntN(100); {
	case draw < 45:
		return c.get(ctx, i)
	case draw < 60:
		return c.find(ctx, i)
	case draw < 66:
		return c.gather(ctx, i, (i+17)%chaosRows)
	case draw < 70:
		// Soon over time: at once, in the queue, or under way.
		short, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(3000))*time.Microsecond)
		defer cancel()
		return c.get(short, i)
	case draw < 74:
		return c.cancel(ctx, i)
	case draw < 77:
		return c.fail(ctx, rnd, i)
	case draw < 89:
		return c.insert(ctx, g, n, draw%4)
	default:
		return c.update(ctx, g, n, row)
	}
}

// get reads a row by its key.
func (c *chaos) get(ctx context.Context, i int64) error {
	x, err := models.Get[entry](ctx, c.db, c.ids[i])
	return c.checked(err, func() error { return c.is(x, i) })
}

// checked looks at an answer. That a row is not there is a wrong answer too.
func (c *chaos) checked(err error, look func() error) error {
	switch {
	case errors.Is(err, models.ErrNotFound):
		return fmt.Errorf("%w: %w", errForeign, err)
	case err != nil:
		return err
	}
	if err := look(); err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	return nil
}

// find reads rows by columns that are no keys.
func (c *chaos) find(ctx context.Context, i int64) error {
	if i%2 == 0 {
		xs, err := models.All(ctx, c.db, models.From(entryT).Where(models.Eq(&entryT.Token, chaosToken(i))))
		return c.checked(err, func() error {
			if len(xs) != 1 {
				return fmt.Errorf("%d rows have a token", len(xs))
			}
			return c.is(xs[0], i)
		})
	}
	owner := i % chaosOwners
	xs, err := models.All(ctx, c.db, models.From(entryT).Where(models.Eq(&entryT.Owner, owner)).OrderBy(models.Asc(&entryT.Value)))
	return c.checked(err, func() error {
		if len(xs) != chaosRows/chaosOwners {
			return fmt.Errorf("owner %d has %d rows", owner, len(xs))
		}
		for k, x := range xs {
			if err := c.is(x, owner+int64(k)*chaosOwners); err != nil {
				return err
			}
		}
		return nil
	})
}

// gather reads two rows and counts, with futures.
func (c *chaos) gather(ctx context.Context, i, k int64) error {
	a, b := async.Get[entry](ctx, c.db, c.ids[i]), async.Get[entry](ctx, c.db, c.ids[k])
	n := async.Count(ctx, c.db, models.From(entryT).Where(models.Eq(&entryT.Owner, i%chaosOwners)))
	x, errX := a.Await(ctx)
	y, errY := b.Await(ctx)
	rows, errN := n.Await(ctx)
	return c.checked(errors.Join(errX, errY, errN), func() error {
		if rows != chaosRows/chaosOwners {
			return fmt.Errorf("owner %d has %d rows", i%chaosOwners, rows)
		}
		return errors.Join(c.is(x, i), c.is(y, k))
	})
}

// cancel gives up a read somewhere on its way.
func (c *chaos) cancel(ctx context.Context, i int64) error {
	f := async.Get[entry](ctx, c.db, c.ids[i])
	other := async.Get[entry](ctx, c.db, c.ids[(i+1)%chaosRows])
	f.Cancel(nil)
	x, err := other.Await(ctx) // its neighbor is not meant
	if err := c.checked(err, func() error { return c.is(x, (i+1)%chaosRows) }); err != nil {
		return err
	}
	x, err = f.Await(ctx)
	return c.checked(err, func() error { return c.is(x, i) })
}

var (
	chaosDivision = models.Raw[int64]("SELECT 1 / (CAST(:n AS bigint) - 1)", models.Args{"n": 1})
	chaosSleep    = models.Raw[string]("SELECT CAST(pg_sleep(1) AS text)").ReadOnly()
)

// fail sends what the server refuses, or what runs over its time there. The error has
// to be that one.
func (c *chaos) fail(ctx context.Context, rnd *rand.Rand, i int64) error {
	var err error
	var want error
	switch rnd.IntN(4) {
	case 0:
		err, want = models.Create(ctx, c.db, &entry{Token: chaosToken(i)}), spillway.ErrUnique
	case 1:
		q := models.Update(entryT).Set(models.To(&entryT.Token, chaosToken((i+1)%chaosRows))).Where(models.Eq(&entryT.ID, c.ids[i]))
		_, err = models.Exec(ctx, c.db, q)
		want = spillway.ErrUnique
	case 2:
		_, err = models.One(ctx, c.db, chaosDivision)
		want = spillway.ErrValue
	default:
		short, cancel := context.WithTimeout(ctx, 3*time.Millisecond)
		defer cancel()
		_, err = models.One(short, c.db, chaosSleep)
		want = context.DeadlineExceeded
	}
	switch {
	case err == nil:
		return fmt.Errorf("%w: what can not go well did", errForeign)
	case errors.Is(err, want) && want != context.DeadlineExceeded:
		return nil
	}
	return err
}

// insert writes a row and books the answer.
func (c *chaos) insert(ctx context.Context, g, n int64, way int) error {
	x := &entry{Owner: chaosOwners + g, Token: fmt.Sprintf("insert %d %d", g, n), Value: n}
	var err error
	if way == 3 {
		x.Token = fmt.Sprintf("%s%d %d", pairPrefix, g, n)
		err = c.pair(ctx, x)
	} else {
		err = write(ctx, c.db, x, way)
	}
	c.book(x.Token, err)
	if err == nil && x.ID == 0 {
		return fmt.Errorf("%w: a row without key", errForeign)
	}
	return err
}

// A receipt is inserted with an entry of the same token, in one transaction.
type receipt struct {
	Token string `db:",pk"`
}

var receiptT = models.Register[receipt]()

// pairPrefix begins the tokens of both.
const pairPrefix = "pair "

// pair inserts x and its receipt.
func (c *chaos) pair(ctx context.Context, x *entry) error {
	s := c.db.Session()
	defer s.Close()
	s.Add(x, &receipt{Token: x.Token})
	return s.Commit(ctx)
}

// paired checks that of no pair one half is there.
func (c *chaos) paired(stored map[string]bool) {
	c.t.Helper()
	receipts, err := models.All(c.t.Context(), c.db, models.From(receiptT))
	if err != nil {
		c.t.Fatal(err)
	}
	pairs := 0
	for token := range stored {
		if strings.HasPrefix(token, pairPrefix) {
			pairs++
		}
	}
	for _, r := range receipts {
		if !stored[r.Token] {
			c.t.Errorf("the receipt of %q is there, its entry is not", r.Token)
		}
	}
	if len(receipts) != pairs || pairs == 0 {
		c.t.Errorf("%d entries of pairs, %d receipts", pairs, len(receipts))
	}
}

// update changes the goroutine's own row, or makes it, and reads it back: a read that
// begins after the answer has to see it.
func (c *chaos) update(ctx context.Context, g, n int64, row *ownRow) error {
	value := chaosRows + n
	if row.id == 0 {
		x := &entry{Owner: -1 - g, Token: fmt.Sprintf("own %d %d", g, n), Value: value}
		err := models.Create(ctx, c.db, x)
		c.book(x.Token, err)
		if err == nil {
			row.id, row.acked = x.ID, value
		}
		return err
	}
	rows, err := models.Exec(ctx, c.db, models.Update(entryT).Set(models.To(&entryT.Value, value)).Where(models.Eq(&entryT.ID, row.id)))
	switch {
	case errors.Is(err, spillway.ErrOutcomeUnknown):
		row.unknown[value] = true
		return err
	case err != nil:
		return err
	case rows != 1:
		return fmt.Errorf("%w: an update by key changed %d rows", errForeign, rows)
	}
	row.acked = value
	x, err := models.Get[entry](ctx, c.db, row.id)
	return c.checked(err, func() error {
		if x.ID != row.id || x.Owner != -1-g || !row.allows(x.Value) {
			return fmt.Errorf("row %d of goroutine %d, after its value %d was acknowledged: row %d of owner %d with %d", row.id, g, value, x.ID, x.Owner, x.Value)
		}
		return nil
	})
}

// disturb breaks something each time a fault is due, until stop is called, which returns
// how often.
func (c *chaos) disturb(server string) (stop func() int) {
	ctx, cancel := context.WithCancel(c.t.Context())
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		c.t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		n := 0
		defer func() { done <- n }()
		for ; ; n++ {
			select {
			case <-c.due:
			case <-ctx.Done():
				return
			}
			switch n % 5 {
			case 0:
				c.proxy.Cut(testdb.CutBefore)
			case 1:
				c.proxy.Cut(testdb.CutAfter)
			case 2, 3:
				if _, err := admin.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 1`); err != nil && ctx.Err() == nil {
					c.t.Errorf("terminate a connection: %v", err)
				}
			default:
				c.proxy.CutAll()
			}
		}
	}()
	return func() int {
		cancel()
		n := <-done
		_ = admin.Close(context.WithoutCancel(ctx))
		c.proxy.Cut(testdb.CutNothing)
		return n
	}
}

// end compares what is stored with what was acknowledged.
func (c *chaos) end() {
	c.t.Helper()
	rows, err := models.All(c.t.Context(), c.db, models.From(entryT))
	if err != nil {
		c.t.Fatal(err)
	}
	stored := map[string]bool{}
	values := make(map[int64]int64, len(rows))
	for _, r := range rows {
		values[r.ID] = r.Value
		stored[r.Token] = true
	}
	for i, id := range c.ids {
		if values[id] != int64(i) || !stored[chaosToken(int64(i))] {
			c.t.Errorf("row %d was changed by nobody, and is", id)
		}
		delete(stored, chaosToken(int64(i)))
	}
	c.paired(stored)
	c.check(c.t, stored)
	unknown := 0
	for i := range c.own {
		r := &c.own[i]
		unknown += len(r.unknown)
		if !r.allows(values[r.id]) {
			c.t.Errorf("row %d holds %d, acknowledged was %d", r.id, values[r.id], r.acked)
		}
	}
	c.t.Logf("%d rows of their own, %d of their updates with unknown outcome", len(c.own), unknown)
}
