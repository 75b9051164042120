package testdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// adminTimeout bounds one administrative step, such as creating a database.
const adminTimeout = time.Minute

// databases lends databases of one server to tests. A database that comes back is
// emptied and lent again: with fsync on, CREATE DATABASE takes about 70 ms and DROP
// DATABASE, which forces a checkpoint, about 400 ms; emptying takes about 10 ms.
type databases struct {
	admin, base string // URLs: who creates databases, and whose they are
	drop        bool   // the server is not ours: leave nothing behind

	mu   sync.Mutex
	free []string
	made int
}

// external returns the lender for a server that somebody else runs.
var external = func() func(admin string) *databases {
	var once sync.Once
	var d *databases
	return func(admin string) *databases {
		once.Do(func() { d = &databases{admin: admin, base: admin, drop: true} })
		return d
	}
}()

// lend returns the URL of an empty database until the test ends.
func (d *databases) lend(t testing.TB) string {
	t.Helper()
	d.mu.Lock()
	name := ""
	if n := len(d.free); n > 0 {
		name, d.free = d.free[n-1], d.free[:n-1]
	} else {
		d.made++
	}
	number := d.made
	d.mu.Unlock()
	u, err := url.Parse(d.base)
	if err != nil {
		t.Fatalf("testdb: %s is not a URL", Env)
	}
	if name == "" {
		name = fmt.Sprintf("spillway_test_%d_%d", os.Getpid(), number)
		owner := ""
		if u.User != nil {
			owner = " OWNER " + pgx.Identifier{u.User.Username()}.Sanitize()
		}
		if err := execute(d.admin, "CREATE DATABASE "+name+owner); err != nil {
			t.Fatalf("testdb: create a database: %v", err)
		}
	}
	u.Path = "/" + name
	t.Cleanup(func() {
		if err := d.giveBack(name, u.String()); err != nil {
			t.Errorf("testdb: clean up the database: %v", err)
		}
	})
	return u.String()
}

// giveBack empties or drops a database.
func (d *databases) giveBack(name, own string) error {
	if d.drop {
		// Plain DROP sends the server's own autovacuum away, which FORCE may not do for a
		// user who is no superuser; FORCE sends away what a test has left open.
		if err := execute(d.admin, "DROP DATABASE IF EXISTS "+name); err == nil {
			return nil
		}
		return execute(d.admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	if err := execute(d.admin, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '"+name+"'"); err != nil {
		return err
	}
	if err := execute(d.admin, fmt.Sprintf(plain, name)); err != nil {
		return err
	}
	if err := execute(own, empty); err != nil {
		// It may have been dropped or renamed by its test: never lend it again.
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = append(d.free, name)
	return nil
}

// plain takes back what a test has set for the database, for everybody or for a role in it.
// It comes first, since what a test has set may keep the database from being emptied.
const plain = `DO $$
DECLARE s record;
BEGIN
	FOR s IN SELECT d.datname, r.rolname FROM pg_db_role_setting x JOIN pg_database d ON d.oid = x.setdatabase
		LEFT JOIN pg_roles r ON r.oid = x.setrole WHERE d.datname = '%s' LOOP
		IF s.rolname IS NULL THEN
			EXECUTE format('ALTER DATABASE %%I RESET ALL', s.datname);
		ELSE
			EXECUTE format('ALTER ROLE %%I IN DATABASE %%I RESET ALL', s.rolname, s.datname);
		END IF;
	END LOOP;
END $$`

// empty drops everything an ordinary user can have made in a database.
const empty = `DO $$
DECLARE s text; l oid;
BEGIN
	FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
		EXECUTE format('DROP SCHEMA %I CASCADE', s);
	END LOOP;
	FOR l IN SELECT oid FROM pg_largeobject_metadata LOOP
		PERFORM lo_unlink(l);
	END LOOP;
	CREATE SCHEMA public;
	GRANT ALL ON SCHEMA public TO PUBLIC;
END $$`

// execute runs one statement on a connection of its own.
func execute(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
