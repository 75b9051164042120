-- update to an expression
UPDATE "posts" SET "views" = ("views" + ?1), "body" = ?2 WHERE "views" > ?3
-- update to a subquery
UPDATE "users" SET "score" = CAST((SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") AS REAL)
-- update with a join
UPDATE "posts" SET "body" = "users"."username" FROM "users" WHERE "posts"."author_id" = "users"."id" AND "users"."active" = ?1
-- update returning
UPDATE "posts" SET "body" = ?1 FROM "users" WHERE "posts"."author_id" = "users"."id" AND "users"."active" = ?2 RETURNING "posts"."id", "posts"."title", "posts"."body", "posts"."views", "posts"."author_id"
-- update returning a value
UPDATE "posts" SET "views" = ("views" * ?1) RETURNING "id", ("views" + ?2)
-- delete with a join
DELETE FROM "post_tags" WHERE EXISTS (SELECT 1 FROM "posts", "users" WHERE "post_tags"."post_id" = "posts"."id" AND "posts"."author_id" = "users"."id" AND "users"."username" = ?1)
-- delete returning
DELETE FROM "post_tags" WHERE "tag" = ?1 RETURNING "post_id", "tag", "weight"
-- delete where exists
DELETE FROM "users" WHERE NOT (EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id")) RETURNING "id"
-- insert from a query
INSERT INTO "tags" ("name", "label") SELECT "username", ("username" || ?1) FROM "users" WHERE "active" = ?2
-- insert from a query, or not
INSERT INTO "tags" ("name", "label") SELECT "name", "label" FROM "tags" WHERE TRUE ON CONFLICT DO NOTHING
-- insert from a query, or update
INSERT INTO "tags" ("name", "label") SELECT "username", ("username" || ?1) FROM "users" WHERE "active" = ?2 ON CONFLICT ("name") DO UPDATE SET "label" = ("tags"."label" || excluded."label") WHERE "tags"."label" <> ?3 AND excluded."label" <> ?4 RETURNING "name", "label"
