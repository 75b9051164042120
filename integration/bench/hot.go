package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/models"
)

// A Counter is a row that everybody wants.
type Counter struct {
	models.Model
	Hits int64
}

var counterT = models.Register[Counter]()

const (
	hotRows = 200
	// childEnv makes this program one of the processes of writeHot: "ours URL" or
	// "theirs URL".
	childEnv                   = "SPILLWAY_BENCH_HOT"
	hotGuests, hotTransactions = 128, 4
)

// writeHot counts up few rows from two processes; some goroutines do it in transactions
// over two rows, in the order of their keys, so that nobody but a grouping that takes locks
// in another order could make them deadlock.
func writeHot(ctx context.Context, w *world) (*contest, error) {
	if err := w.postgres(ctx); err != nil {
		return nil, err
	}
	if _, err := w.pgx.Exec(ctx, "INSERT INTO counters (hits) SELECT 0 FROM generate_series(1, $1::int)", hotRows); err != nil {
		return nil, err
	}
	var counts, victims atomic.Int64
	c := &contest{}
	add := func(name, child string) (*side, error) {
		var both []*process
		for range 2 {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+child+" "+w.url)
			p, err := start(w, cmd)
			if err != nil {
				return nil, err
			}
			both = append(both, p)
		}
		return c.side(name, perSecond, own(func(_ context.Context, p pace) (sum float64, err error) {
			for _, child := range both {
				err = errors.Join(err, child.tell(p.crowd.String()))
			}
			for _, child := range both {
				got, childErr := child.answer()
				if childErr != nil {
					err = errors.Join(err, childErr)
					continue
				}
				sum += got[0]
				counts.Add(int64(got[1]))
				victims.Add(int64(got[2]))
			}
			return sum, err
		})), nil
	}
	ours, err := add("Update", "ours")
	if err != nil {
		return nil, err
	}
	theirs, err := add("pgxpool.Exec", "theirs")
	if err != nil {
		return nil, err
	}
	c.after(func(ctx context.Context) error {
		var stored int64
		if err := w.pgx.QueryRow(ctx, "SELECT sum(hits)::bigint FROM counters").Scan(&stored); err != nil {
			return err
		}
		if n := victims.Load(); n > 0 {
			return fmt.Errorf("%d transactions of callers were victims of a deadlock", n)
		}
		if n := counts.Load(); n != stored {
			return fmt.Errorf("%d updates were acknowledged, the rows hold %d", n, stored)
		}
		return nil
	})
	c.pair("pg/write-hot", ours, theirs, 1.5)
	return c, nil
}

// A hand counts rows up its way.
type hand interface {
	one(ctx context.Context, key int64) (rows int64, err error)
	// two counts up two rows in a transaction and reports whether a deadlock ended it.
	two(ctx context.Context, low, high int64) (victim bool, err error)
}

// hotChild is one process: a line on its input is how long a turn is, the answer is
// updates in a second, all updates that were acknowledged in it, and how many transactions
// a deadlock ended.
func hotChild(role string, out io.Writer) error {
	ctx := context.Background()
	who, url, _ := strings.Cut(role, " ")
	var h hand
	if who == "ours" {
		db, err := newDB(ctx, url, 16)
		if err != nil {
			return err
		}
		defer db.Close()
		h = ourHand{db}
	} else {
		p, err := newPool(ctx, url, 16)
		if err != nil {
			return err
		}
		defer p.Close()
		h = theirHand{p}
	}
	var acked, victims atomic.Int64
	c := newCrowd(hotGuests, func(ctx context.Context, g *guest) error {
		key := g.key(hotRows)
		if g.id >= hotTransactions || key == hotRows {
			n, err := h.one(ctx, key)
			acked.Add(n)
			return check(int(n), 1, err)
		}
		victim, err := h.two(ctx, key, key+1+g.rnd.Int64N(hotRows-key))
		switch {
		case victim:
			victims.Add(1)
		case err == nil:
			acked.Add(2)
		default:
			return err
		}
		return nil
	})
	fmt.Fprintln(out, "0")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		length, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		a, v := acked.Load(), victims.Load()
		rate, err := c.turn(ctx, pace{crowd: length})
		if err != nil {
			fmt.Fprintln(out, "error", err)
			return err
		}
		fmt.Fprintln(out, rate, acked.Load()-a, victims.Load()-v)
	}
	return nil
}

type ourHand struct{ db *spillway.DB }

func countUp(ctx context.Context, h models.Handle, key int64) (int64, error) {
	q := models.Update(counterT).Set(models.ToExpr(&counterT.Hits, models.Col(&counterT.Hits).Plus(1))).Where(models.Eq(&counterT.ID, key))
	return models.Exec(ctx, h, q)
}

func (h ourHand) one(ctx context.Context, key int64) (int64, error) { return countUp(ctx, h.db, key) }

func (h ourHand) two(ctx context.Context, low, high int64) (bool, error) {
	err := h.db.InTx(ctx, models.TxOptions{Attempts: 1}, func(ctx context.Context, s *models.Session) error {
		for _, key := range []int64{low, high} {
			if n, err := countUp(ctx, s, key); check(int(n), 1, err) != nil {
				return check(int(n), 1, err)
			}
		}
		return nil
	})
	return errors.Is(err, spillway.ErrDeadlock), err
}

type theirHand struct{ *pgxpool.Pool }

const countUpSQL = "UPDATE counters SET hits = hits + 1 WHERE id = $1"

func (h theirHand) one(ctx context.Context, key int64) (int64, error) {
	tag, err := h.Exec(ctx, countUpSQL, key)
	return tag.RowsAffected(), err
}

func (h theirHand) two(ctx context.Context, low, high int64) (bool, error) {
	err := pgx.BeginFunc(ctx, h, func(tx pgx.Tx) error {
		for _, key := range []int64{low, high} {
			if _, err := tx.Exec(ctx, countUpSQL, key); err != nil {
				return err
			}
		}
		return nil
	})
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "40P01", err
}
