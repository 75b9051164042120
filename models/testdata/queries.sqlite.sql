-- from
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users"
-- where
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "active" = ?1 AND "username" GLOB ?2 ORDER BY "created_at" DESC LIMIT 10
-- offset
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" LIMIT -1 OFFSET ?1
-- null
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "full_name" IS NULL AND "full_name" <> ?1
-- in
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE ("id" IN (SELECT value FROM json_each(?1)) OR "username" NOT IN (SELECT value FROM json_each(?2))) AND "score" IN (?3, ?4)
-- text
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "email" GLOB ?1 AND "email" LIKE ?2 ESCAPE '\' AND "email" GLOB ?3 AND "email" GLOB ?4
-- between, not
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE NOT ("score" BETWEEN ?1 AND ?2)
-- join by the only key
SELECT "users"."id", "users"."username", "users"."email", "users"."full_name", "users"."active", "users"."score", "users"."settings", "users"."created_at", "users"."updated_at" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" WHERE "posts"."title" = ?1
-- left join of an alias
SELECT "users"."id", "users"."username", "users"."email", "users"."full_name", "users"."active", "users"."score", "users"."settings", "users"."created_at", "users"."updated_at" FROM "users" LEFT JOIN "users" AS "boss" ON "boss"."id" = "users"."id"
-- groups
SELECT "users"."username", COUNT("posts"."id") AS "n", CAST(AVG("posts"."views") AS REAL) FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" GROUP BY "users"."username" HAVING COUNT("posts"."id") > ?1 ORDER BY COUNT("posts"."id") DESC LIMIT 5
-- aggregates
SELECT DISTINCT COALESCE(CAST(SUM("posts"."views") AS INTEGER), ?1), CAST(SUM("users"."score") AS REAL), COUNT(DISTINCT "posts"."title"), MAX("posts"."title") FROM "posts" JOIN "users" ON "posts"."author_id" = "users"."id"
-- rows
SELECT COUNT(*) FROM "users"
-- update
UPDATE "users" SET "active" = ?1, "full_name" = ?2 WHERE "id" = ?3
-- delete
DELETE FROM "post_tags" WHERE "tag" = ?1
