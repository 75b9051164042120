package spillway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
	"github.com/spillwaydb/spillway/pool"
)

// RunMigrations applies what is pending of Config.Migrations, oldest first, each file in
// a transaction of its own, under a lock that other processes wait for; see package
// migrate. [Open] does it by itself unless Config.Migrate says otherwise. An error is a
// *[migrate.Error], or one of the refusals of that package. In a browser it has to be
// done by Open, since there the database can be open only once.
func (db *DB) RunMigrations(ctx context.Context) error {
	if db.migrations == nil {
		return &configError{fmt.Errorf("spillway: RunMigrations: Config.Migrations is nil: give it the folder of the migrations, such as migrations.Files")}
	}
	o := db.migrate
	o.Progress = func(e migrate.Event) {
		switch e.Kind {
		case migrate.Waiting:
			db.logger.Info("spillway: another process is migrating the database; waiting for it")
		case migrate.Repeated:
			db.logger.Warn("spillway: the database has ended a migration to resolve a deadlock; it begins anew", "file", e.File.Name)
		case migrate.Done:
			db.logger.Info("spillway: migration applied", "file", e.File.Name, "duration", e.Duration)
		}
	}
	r, err := migrate.New(db, db.migrations, o)
	if err == nil {
		_, err = r.Up(ctx)
	}
	return err
}

// Maintenance opens a second pool, of one connection, for changing the schema; see
// [pool.Pool.Maintenance]. It is for package migrate.
func (db *DB) Maintenance() (*pool.Pool, error) { return db.pool.Maintenance() }

// look is the look at the schema that goes on behind [Open].
type look struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	done   chan struct{}
}

func (l *look) start(do func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l.mu.Lock()
	l.cancel, l.done = cancel, done
	l.mu.Unlock()
	go func() {
		defer close(done)
		defer cancel()
		do(ctx)
	}()
}

// stop ends it, if it was started.
func (l *look) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil {
		l.cancel()
		<-l.done
	}
}

// checkSchema warns of migrations that are pending and of tables that differ from the
// models. That it can not look is no more than a remark: who uses the database will see.
func (db *DB) checkSchema(ctx context.Context) {
	r, err := migrate.New(db, db.migrations, db.migrate)
	if err == nil {
		var pending []*migrate.File
		if pending, err = r.Pending(ctx); err == nil && len(pending) > 0 {
			db.logger.Warn("spillway: migrations are pending: run spillway migrate", "count", len(pending), "first", pending[0].Name)
			return // the tables can not be right yet
		}
	}
	var differ []string
	if err == nil {
		differ, err = migrate.Differences(ctx, db, models.Tables(models.RegistryOf(db.engine)))
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		db.logger.Info("spillway: the schema could not be compared with the models", "err", err)
	case len(differ) > 0:
		shown := slices.Sorted(slices.Values(differ))
		db.logger.Warn("spillway: the database differs from the models: run spillway makemigrations", "count", len(differ), "differences", strings.Join(shown[:min(len(shown), 5)], "; "))
	}
}
