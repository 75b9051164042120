//go:build !js

package migrate_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
	"github.com/spillwaydb/spillway/models/migrate"
)

// A transaction of the program and a migration want the same two tables, each the other's
// first. Only the migration looks for deadlocks, so it is the victim.
func TestAMigrationThatIsTheVictimOfADeadlock(t *testing.T) {
	const (
		// waits until the program waits for a, which is locked by then.
		waits = `DO $$ BEGIN WHILE EXISTS (SELECT FROM gate) AND NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted)
			LOOP PERFORM pg_sleep(0.002); END LOOP; END $$;`
		up     = "ALTER TABLE a ADD COLUMN x int;\n-- +goose StatementBegin\n" + waits + "\n-- +goose StatementEnd\nALTER TABLE b ADD COLUMN x int;"
		down   = "ALTER TABLE b DROP COLUMN x;\nALTER TABLE a DROP COLUMN x;"
		single = "-- +goose StatementBegin\nDO $$ BEGIN LOCK TABLE a; WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted)\n" +
			"LOOP PERFORM pg_sleep(0.002); END LOOP; LOCK TABLE b; END $$;\n-- +goose StatementEnd"
	)
	for name, c := range map[string]struct {
		file     *fstest.MapFile
		repeated int
	}{
		"in its transaction":    {script(up, down), 1},
		"without a transaction": {&fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\n" + single + "\n-- +goose Down\n")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := testdb.NewCluster(t)
			server.Exec(t, `CREATE FUNCTION never_look() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT set_config('deadlock_timeout', '1h', true) $$`)
			db := open(t, server.URL())
			ctx := t.Context()
			run := func(h models.Handle, sql string) error {
				_, err := models.Exec(ctx, h, models.Raw[int](models.Unsafe(sql)))
				return err
			}
			for _, sql := range []string{"CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE gate ()", "INSERT INTO gate DEFAULT VALUES"} {
				if err := run(db, sql); err != nil {
					t.Fatal(err)
				}
			}
			s := db.Session()
			defer s.Close()
			for _, sql := range []string{"SELECT never_look()", "LOCK TABLE b IN ACCESS SHARE MODE"} {
				if err := run(s, sql); err != nil {
					t.Fatal(err)
				}
			}
			started, repeated := make(chan struct{}), 0
			r := runner(t, db, fstest.MapFS{"1_a.sql": c.file, "2_b.sql": script("CREATE TABLE c ();", "DROP TABLE c;")}, migrate.Options{Progress: func(e migrate.Event) {
				switch {
				case e.Kind == migrate.StatementStarts && started != nil:
					close(started)
					started = nil
				case e.Kind == migrate.Repeated && e.File.Version == 1:
					repeated++
				}
			}})
			ended, begun := make(chan error, 1), started
			go func() {
				res, err := r.Up(ctx)
				if err == nil && steps(res) != "+1 +2" {
					t.Errorf("did %s", steps(res))
				}
				ended <- err
			}()
			<-begun
			for held := int64(0); held == 0; { // until the migration has locked a
				var err error
				if held, err = models.One(ctx, db, models.Raw[int64]("SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock' AND granted").ReadOnly()); err != nil {
					t.Fatal(err)
				}
			}
			for _, sql := range []string{"LOCK TABLE a IN ACCESS SHARE MODE", "DELETE FROM gate"} {
				if err := run(s, sql); err != nil {
					t.Errorf("the program's transaction: %v", err)
				}
			}
			if err := s.Commit(ctx); err != nil {
				t.Error(err)
			}
			err := <-ended
			if c.repeated == 0 && !errors.Is(err, spillway.ErrDeadlock) || c.repeated > 0 && err != nil {
				t.Errorf("the migration: %v", err)
			}
			if repeated != c.repeated {
				t.Errorf("begun anew %d times, want %d", repeated, c.repeated)
			}
		})
	}
}
