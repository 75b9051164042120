-- plus, minus, times
SELECT (("id" + ?1) + ("id" - ("id" * ?2))) FROM "users"
-- div, mod, neg
SELECT ((("id" + ?1) / NULLIF("id", ?2)) % ((((- "id") % ?3) / ?4) + ?5)) FROM "users"
-- int32
SELECT CAST(SUM((("views" + ?1) * ?2)) AS INTEGER) FROM "posts"
-- float
SELECT ROUND(ABS(((- "score") / ?1)), 2) FROM "users"
-- lower, upper, concat
SELECT LOWER(((UPPER("username") || ?1) || ("username" || ?2))) FROM "users"
-- length
SELECT LENGTH("username") FROM "users"
-- coalesce
SELECT COALESCE("full_name", "username", ?1) FROM "users"
-- nullif
SELECT NULLIF("username", ?1) FROM "users"
-- case
SELECT CASE WHEN "score" > ?1 THEN ?2 WHEN "full_name" IS NULL THEN "username" ELSE ?3 END FROM "users"
-- case without else
error: models: column users.id is used, but the query has no table: name it with From
-- case with an expression
SELECT CASE WHEN "active" = ?1 THEN ?2 ELSE "score" END FROM "users"
-- cast of an integer
SELECT CAST("id" AS TEXT) FROM "users"
-- cast of a text
SELECT CAST(CAST("id" AS TEXT) AS INTEGER) FROM "users"
-- cast of a float
SELECT CAST((- "score") AS INTEGER) FROM "users"
-- cast of a bool
SELECT CAST(CAST("active" AS INTEGER) AS INTEGER) FROM "users"
-- cast to a float
SELECT CAST("id" AS REAL) FROM "users"
-- func
SELECT replace("username", ?1, LOWER("username")) FROM "users"
-- func of values
SELECT (abs(?1) + ?2)
-- date parts
SELECT CAST(strftime('%Y', "created_at") AS INTEGER), CAST(strftime('%m', "created_at") AS INTEGER), CAST(strftime('%d', "created_at") AS INTEGER), CAST(strftime('%H', "created_at") AS INTEGER) FROM "users"
-- more date parts
SELECT CAST(strftime('%M', "created_at") AS INTEGER), CAST(strftime('%S', "created_at") AS INTEGER), CAST(strftime('%w', "created_at") AS INTEGER), CAST(strftime('%j', "created_at") AS INTEGER) FROM "users"
-- value
SELECT ?1, ?2, "id" FROM "users"
-- aggregates of expressions
SELECT CAST(SUM(("id" * ?1)) AS INTEGER), CAST(AVG(("id" + ?2)) AS REAL), COUNT(DISTINCT LOWER("username")), MAX(LENGTH("username")) FROM "users"
-- filter
SELECT COUNT(*) FILTER (WHERE "active" = ?1), CAST(SUM("score") FILTER (WHERE ("id" > ?2 AND "full_name" IS NOT NULL)) AS REAL) FROM "users"
-- conditions of expressions
SELECT "id" FROM "users" WHERE (("id" + ?1) BETWEEN ?2 AND ?3 AND "id" NOT IN (SELECT value FROM json_each(?4)) AND LOWER("username") GLOB ?5 AND UPPER("username") GLOB ?6 AND "username" IS NOT NULL AND (- "id") < ?7)
-- two expressions
SELECT "id" FROM "users" WHERE ("id" > LENGTH("username") OR "id" <= "id" OR "id" <> ("id" + ?1) OR "id" < "id" OR "id" >= "id")
-- in a query
SELECT "id" FROM "users" WHERE "id" IN (SELECT "posts"."author_id" FROM "posts" WHERE "posts"."views" > ?1)
-- not in a query
SELECT "id" FROM "users" WHERE "id" NOT IN (SELECT "posts"."author_id" FROM "posts")
-- in a query of the same table
SELECT "id" FROM "users" WHERE "id" IN (SELECT "users"."id" FROM "users" WHERE "users"."active" = ?1 ORDER BY "users"."id" LIMIT 1)
-- exists
SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id")
-- not exists
SELECT "id" FROM "users" WHERE NOT (EXISTS (SELECT "posts"."author_id" FROM "posts" GROUP BY "posts"."author_id" HAVING COUNT(*) > ?1))
-- scalar subquery
SELECT "id" FROM "users" WHERE (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") >= ?1
-- scalar subquery selected
SELECT "username", (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") FROM "users" ORDER BY (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") DESC
-- order by a name
SELECT "users"."username", COUNT("posts"."id") AS "n" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" GROUP BY "users"."username" ORDER BY COUNT("posts"."id") DESC
