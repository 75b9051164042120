-- postgres
SELECT COUNT(*) FROM (SELECT DISTINCT "users"."name", COUNT(*) AS "n" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" LEFT JOIN "users" AS "boss" ON "boss"."id" = "users"."favourite" WHERE "boss"."name" = $1 GROUP BY "users"."name" HAVING COUNT(*) > $2) AS counted
-- 1: x
-- 2: 3
-- sqlite
SELECT COUNT(*) FROM (SELECT DISTINCT "users"."name", COUNT(*) AS "n" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" LEFT JOIN "users" AS "boss" ON "boss"."id" = "users"."favourite" WHERE "boss"."name" = ?1 GROUP BY "users"."name" HAVING COUNT(*) > ?2) AS counted
-- 1: x
-- 2: 3
