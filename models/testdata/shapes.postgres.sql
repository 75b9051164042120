-- five
SELECT "username", "username", "id", "score", "active" FROM "users"
-- six
SELECT "username", "username", "id", "score", "active", COUNT(*) FROM "users" GROUP BY "id"
-- as a struct
SELECT "users"."username" AS "username", COUNT("posts"."id") AS "posts", MAX("posts"."title") AS "last" FROM "users" LEFT JOIN "posts" ON "posts"."author_id" = "users"."id" GROUP BY "users"."username"
-- distinct on
SELECT DISTINCT ON ("active") "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" ORDER BY "active", "id" DESC
-- for update
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "id" = $1 FOR UPDATE OF "users"
-- for update, skip locked
SELECT "users"."id", "users"."username", "users"."email", "users"."full_name", "users"."active", "users"."score", "users"."settings", "users"."created_at", "users"."updated_at" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" LEFT JOIN "post_tags" ON "post_tags"."post_id" = "posts"."id" ORDER BY "users"."id" LIMIT 1 FOR UPDATE OF "users", "posts" SKIP LOCKED
-- for share, nowait
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" FOR SHARE OF "users" NOWAIT
-- for update of groups
error: models: ForUpdate and ForShare need rows of tables: Distinct, GroupBy, Having and Union do not leave them
-- for update in a subquery
error: models: ForUpdate and ForShare belong to the outer query, not to a subquery
