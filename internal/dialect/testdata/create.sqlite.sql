CREATE TABLE IF NOT EXISTS "users" (
	"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"name" TEXT NOT NULL DEFAULT 'it''s me',
	"nick" TEXT,
	"active" BOOLEAN NOT NULL DEFAULT TRUE,
	"score" REAL NOT NULL DEFAULT -1.5,
	"ratio" REAL NOT NULL,
	"small" INTEGER NOT NULL,
	"mid" INTEGER NOT NULL,
	"photo" BLOB NOT NULL,
	"born" TIMESTAMP,
	"token" UUID NOT NULL,
	"settings" JSON TEXT NOT NULL,
	"favourite" INTEGER,
	CONSTRAINT "fk_users_favourite_posts" FOREIGN KEY ("favourite") REFERENCES "posts" ("id") ON DELETE SET NULL
);

CREATE TABLE IF NOT EXISTS "posts" (
	"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"author_id" INTEGER NOT NULL,
	"at" TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000Z', 'now')),
	"long" BOOLEAN NOT NULL GENERATED ALWAYS AS (author_id > 9) STORED,
	"odd""name" TEXT NOT NULL,
	CONSTRAINT "ck_posts_author_id" CHECK (author_id > 0),
	CONSTRAINT "fk_posts_author_id_users" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE CASCADE ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE IF NOT EXISTS "post_tags" (
	"post_id" INTEGER NOT NULL,
	"tag" TEXT NOT NULL,
	PRIMARY KEY ("post_id", "tag"),
	CONSTRAINT "fk_post_tags_post_id_posts" FOREIGN KEY ("post_id") REFERENCES "posts" ("id")
);

CREATE UNIQUE INDEX IF NOT EXISTS "uq_users_name" ON "users" ("name");

CREATE INDEX IF NOT EXISTS "ix_posts_author_id" ON "posts" ("author_id", "odd""name" DESC);

CREATE UNIQUE INDEX IF NOT EXISTS "uq_posts_lower" ON "posts" ((lower("odd""name"))) WHERE author_id > 0;
