package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

// postgres provokes messages of the server that quote what it was given.
func (w *watchman) postgres(ctx context.Context, db *spillway.DB) {
	for _, sql := range []string{
		"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused: % % %', NEW.name, NEW.number, NEW.key USING HINT = NEW.name, DETAIL = NEW.name; END $$",
		"CREATE TABLE refused (name TEXT, number BIGINT, key UUID)",
		"CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse()",
		"CREATE TYPE mood AS ENUM ('good', 'bad')",
	} {
		w.ok("prepare", only(models.Exec(ctx, db, models.Raw[int64](models.Unsafe(sql)))))
	}
	x := newSecret("")
	row := models.Args{"name": "Canary_refused_zq", "number": x.Number, "key": x.Key}
	for _, columns := range []string{"name", "number", "key", "name, number, key"} {
		args, values := models.Args{}, ""
		for _, c := range strings.Split(columns, ", ") {
			args[c] = row[c]
			values += ", :" + c
		}
		sql := models.Unsafe("INSERT INTO refused (" + columns + ") VALUES (" + values[2:] + ")")
		w.failed("trigger on "+columns, only(models.Exec(ctx, db, models.Raw[int64](sql, args))))
	}
	for _, text := range []string{"canary_text", "Canary_Text_zq", "canary-text", "canary " + strings.Repeat("long_", 30), "canary_" + strings.Repeat("long_", 30), "{canary", `"canary`, "canary@"} {
		args := models.Args{"x": text}
		for _, target := range []string{"integer", "bigint", "numeric", "double precision", "boolean", "date", "timestamptz", "interval", "uuid", "json", "jsonb", "inet", "macaddr", "bytea", "integer[]", "point", "xml", "regclass", "regtype", "regproc", "regrole", "mood", "int4range", "tsquery", "bit(8)", "money", "pg_lsn", "xid"} {
			q := models.Raw[models.Tuple](models.Unsafe("SELECT CAST(CAST(CAST(:x AS text) AS "+target+") AS text)"), args)
			if err := only(models.All(ctx, db, q)); err != nil { // some are text enough
				w.failed("text as "+target, err)
			}
			q = models.Raw[models.Tuple](models.Unsafe("SELECT CAST(:x AS "+target+")"), args)
			if err := only(models.All(ctx, db, q)); err != nil {
				w.failed("argument as "+target, err)
			}
		}
		for _, call := range []string{
			"nextval(:x)", "set_config(:x, 'on', true)", "set_config('work_mem', :x, true)", "current_setting(:x)",
			"to_date(:x, 'YYYY')", "to_timestamp(:x, :x)", "to_number(:x, '999')", "now() AT TIME ZONE CAST(:x AS text)",
			"format('%' || :x)", "'a' ~ ('(' || :x)", "regexp_replace('a', 'b', 'c', :x)", "encode('a', :x)", "decode(:x, 'hex')", "decode(:x, 'base64')",
			"convert_to('a', :x)", "has_table_privilege(:x, 'SELECT')", "has_table_privilege('secrets', :x)", "pg_relation_size(CAST(:x AS text))",
			"date_trunc(:x, now())", "extract(epoch from CAST(CAST(:x AS text) AS timestamp))", "pg_read_file(:x)", "to_tsvector(CAST(CAST(:x AS text) AS regconfig), 'a')",
			"jsonb_path_query('{}', CAST(CAST(:x AS text) AS jsonpath))", "CAST('{}' AS jsonb) #- CAST(CAST(:x AS text) AS text[])", "lo_get(CAST(CAST(:x AS text) AS oid))", "setseed(CAST(CAST(:x AS text) AS float8))",
			"pg_export_snapshot() || CAST(CAST(:x AS text) AS int)", "currval(:x)", "pg_notify(:x || repeat('n', 70), '')", "chr(length(:x) - 1000)", "txid_status(CAST(CAST(:x AS text) AS int8))",
		} {
			q := models.Raw[models.Tuple](models.Unsafe("SELECT "+call), args)
			if err := only(models.All(ctx, db, q)); err != nil {
				w.failed(call, err)
			}
		}
	}
	for _, call := range []string{
		"CAST(CAST(:x AS bigint) AS smallint)", "CAST(CAST(:x AS bigint) AS integer)", "CAST(CAST(:x AS bigint) AS numeric(3,1))", "chr(CAST(CAST(:x AS bigint) AS integer))",
		"CAST(:x AS bigint) * CAST(:x AS bigint)", "CAST(:x AS bigint) / 0", "CAST(CAST(:x AS bigint) AS oid)", "make_date(CAST(CAST(:x AS bigint) % 100000000 AS int), 13, 1)", "lo_get(CAST(CAST(:x AS bigint) % 4000000000 AS oid))",
		"txid_status(CAST(:x AS bigint))", "CAST(CAST(CAST(:x AS bigint) AS text) AS smallint)", "CAST(CAST(CAST(:x AS bigint) AS text) AS date)", "CAST(CAST(CAST(:x AS bigint) AS text) AS uuid)", "CAST(CAST(CAST(:x AS bigint) AS text) AS regclass)",
		"exp(CAST(:x AS bigint))", "set_config('work_mem', CAST(CAST(:x AS bigint) AS text), true)", "set_config('port', CAST(CAST(:x AS bigint) AS text), true)", "pg_sleep(1) LIMIT -CAST(:x AS bigint)", "width_bucket(1, 2, 3, CAST(CAST(:x AS bigint) AS int))", "generate_series(1, CAST(:x AS bigint), 0)",
	} {
		q := models.Raw[models.Tuple](models.Unsafe("SELECT "+call), models.Args{"x": int64(7730194452118)})
		if err := only(models.All(ctx, db, q)); err != nil {
			w.failed(call, err)
		}
	}
}

// sqlite provokes messages of SQLite that quote what it was given.
func (w *watchman) sqlite(ctx context.Context, db *spillway.DB) {
	for _, sql := range []string{
		"CREATE TABLE refused (name TEXT, number BIGINT)",
		"CREATE TRIGGER refuse BEFORE INSERT ON refused BEGIN SELECT RAISE(ABORT, 'refused: ' || NEW.name || ' ' || NEW.number); END",
		"CREATE TABLE strictly (n INTEGER, r REAL) STRICT",
		"CREATE UNIQUE INDEX by_note ON secrets (lower(name), number)",
	} {
		err := only(models.Exec(ctx, db, models.Raw[int64](models.Unsafe(sql))))
		if err != nil {
			w.t.Logf("%s: %v", sql, err)
		}
	}
	args := models.Args{"x": "Canary_text_zq", "n": int64(7730194452118)}
	for _, sql := range []string{
		"INSERT INTO refused (name, number) VALUES (:x, :n)",
		"INSERT INTO strictly (n, r) VALUES (:x, :n)",
		"SELECT json_extract('{}', :x), :n",
		"SELECT json(:x), :n",
		"SELECT json_set('{}', :x, :n)",
		"SELECT json_each.value FROM json_each(:x) WHERE :n = 1",
		"SELECT abs(-9223372036854775807 - 1), :x, :n",
		"SELECT 'a' LIKE 'b' ESCAPE :x || :n",
		"SELECT load_extension(:x), :n",
		"ATTACH :x || '/nowhere/' || :n AS other",
		"SELECT * FROM pragma_table_info(:x) JOIN (SELECT :n) ON nothing",
		"SELECT strftime(:x, :n), nothing",
		"SELECT printf(:x, :n), zeroblob(9223372036854775807)",
		"SELECT 'a' REGEXP '(' || :x, :n",
		"SELECT hex(zeroblob(:n)), :x",
		"VACUUM INTO :x || '/' || :n",
		"SELECT 9223372036854775807 + sum(a) FROM (SELECT 9223372036854775807 AS a, :x AS x, :n AS n UNION ALL SELECT 1, :x, :n)",
	} {
		q := models.Raw[models.Tuple](models.Unsafe(sql), args)
		if err := only(models.All(ctx, db, q)); err != nil {
			w.failed(sql, err)
		}
	}
}

// connecting fails to connect in many ways, with the password in the URL.
func (w *watchman) connecting(ctx context.Context, raw string) {
	u, err := url.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	change := func(f func(u *url.URL)) string {
		c := *u
		f(&c)
		return c.String()
	}
	logger := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for what, raw := range map[string]string{
		"user":     change(func(u *url.URL) { u.User = url.UserPassword("nobody", testdb.Password) }),
		"password": change(func(u *url.URL) { u.User = url.UserPassword("spillway", "canary-wrong") }),
		"database": change(func(u *url.URL) { u.Path = "/nowhere" }),
		"port":     change(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
		"host":     change(func(u *url.URL) { u.Host = "host.invalid" }),
		"tls":      change(func(u *url.URL) { u.RawQuery = "sslmode=require" }),
		"param":    change(func(u *url.URL) { u.RawQuery += "&no_such_setting=canary-value" }),
	} {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := spillway.Open(short, spillway.Config{URL: raw, Timeout: 300 * time.Millisecond, ConnectTimeout: 200 * time.Millisecond, EchoPool: true, Logger: logger})
		cancel()
		w.failed("connect: "+what, err)
	}
}

// badURLs are forms of URLs that can not be opened, each with the password.
var badURLs = []string{
	"postgres://u:PW@host:port/db",
	"postgres://u:PW%zz@host/db",
	"postgres://u:PW@[::1/db",
	"postgres://u:PW@host/db?sslmode=sometimes",
	"postgres://u:PW@host/db?connect_timeout=long",
	"postgres://u:PW@host/db?pool_max_conns=many",
	"postgres://u:PW@ho st/db",
	"postgres:// u:PW@host:x/db",
	"postgres//u:PW@host/db",
	"postgres:u:PW@host:x/db",
	"postgres:host=h port=x password=PW",
	"host=h user=u password=PW dbname=d",
	"user:PW@host:5432/db",
	"u:PW@host:5432/db",
	"u://u:PW@host/db",
	"mysql://u:PW@host/db",
	"mongodb://u:PW@host/db",
	"oracle://u:PW@host/db",
	"://u:PW@host/db",
	"sqlite://u:PW@host/x.db",
	"sqlite://u:PW@host",
	"sqlite:u:PW@/x.db?nothing=1",
	"opfs://u:PW@host/db",
}

func TestBadURLsShowNoPassword(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWatchman(t)
	logger := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, raw := range append(badURLs, "postgres://127.0.0.1:1/db?user=u&password=PW", "host=127.0.0.1 port=1 user=u password=PW") {
		for _, password := range []string{testdb.Password, "pa@canary-word"} {
			raw := strings.ReplaceAll(raw, "PW", password)
			for _, from := range []string{"field", "environment"} {
				cfg := spillway.Config{URL: raw, Timeout: 50 * time.Millisecond, Logger: logger, EchoPool: true}
				w.text("String", cfg.String())
				w.text("GoString", fmt.Sprintf("%#v %+v %v", cfg, &cfg, cfg))
				logger.Info("config", "cfg", cfg)
				t.Setenv(spillway.URLVariable, "")
				if from == "environment" {
					t.Setenv(spillway.URLVariable, raw)
					cfg.URL = ""
				}
				db, err := spillway.Open(t.Context(), cfg)
				if err == nil {
					_ = db.Close()
					err = errors.New("it opens")
					t.Errorf("%s opens", raw)
				}
				w.failed(raw, err)
			}
		}
	}
	for line := range strings.SplitSeq(w.log.String(), "\n") {
		w.text("log", line)
	}
}
