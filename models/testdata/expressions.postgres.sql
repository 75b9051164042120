-- plus, minus, times
SELECT (("id" + $1) + ("id" - ("id" * $2))) FROM "users"
-- div, mod, neg
SELECT ((("id" + $1) / NULLIF("id", $2)) % ((((- "id") % $3) / $4) + $5)) FROM "users"
-- int32
SELECT CAST(SUM((("views" + $1) * $2)) AS bigint) FROM "posts"
-- float
SELECT CAST(ROUND(CAST(ABS(((- "score") / $1)) AS numeric), 2) AS double precision) FROM "users"
-- lower, upper, concat
SELECT LOWER(((UPPER("username") || CAST($1 AS text)) || ("username" || CAST($2 AS text)))) FROM "users"
-- length
SELECT LENGTH("username") FROM "users"
-- coalesce
SELECT COALESCE("full_name", "username", CAST($1 AS text)) FROM "users"
-- nullif
SELECT NULLIF("username", $1) FROM "users"
-- case
SELECT CASE WHEN "score" > $1 THEN CAST($2 AS text) WHEN "full_name" IS NULL THEN "username" ELSE CAST($3 AS text) END FROM "users"
-- case without else
error: models: column users.id is used, but the query has no table: name it with From
-- case with an expression
SELECT CASE WHEN "active" = $1 THEN CAST($2 AS double precision) ELSE "score" END FROM "users"
-- cast of an integer
SELECT CAST("id" AS text) FROM "users"
-- cast of a text
SELECT CAST(CAST("id" AS text) AS bigint) FROM "users"
-- cast of a float
SELECT CAST(TRUNC((- "score")) AS bigint) FROM "users"
-- cast of a bool
SELECT CAST(CAST("active" AS integer) AS bigint) FROM "users"
-- cast to a float
SELECT CAST("id" AS double precision) FROM "users"
-- func
SELECT replace("username", CAST($1 AS text), LOWER("username")) FROM "users"
-- func of values
SELECT (abs(CAST($1 AS bigint)) + $2)
-- date parts
SELECT CAST(FLOOR(EXTRACT(YEAR FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(MONTH FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(DAY FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(HOUR FROM "created_at" AT TIME ZONE 'UTC')) AS bigint) FROM "users"
-- more date parts
SELECT CAST(FLOOR(EXTRACT(MINUTE FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(SECOND FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(DOW FROM "created_at" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(DOY FROM "created_at" AT TIME ZONE 'UTC')) AS bigint) FROM "users"
-- value
SELECT CAST($1 AS boolean), CAST($2 AS timestamptz), "id" FROM "users"
-- aggregates of expressions
SELECT CAST(SUM(("id" * $1)) AS bigint), CAST(AVG(("id" + $2)) AS double precision), COUNT(DISTINCT LOWER("username")), MAX(LENGTH("username")) FROM "users"
-- filter
SELECT COUNT(*) FILTER (WHERE "active" = $1), CAST(SUM("score") FILTER (WHERE ("id" > $2 AND "full_name" IS NOT NULL)) AS double precision) FROM "users"
-- conditions of expressions
SELECT "id" FROM "users" WHERE (("id" + $1) BETWEEN $2 AND $3 AND "id" <> ALL($4) AND LOWER("username") LIKE $5 AND UPPER("username") LIKE $6 AND "username" IS NOT NULL AND (- "id") < $7)
-- two expressions
SELECT "id" FROM "users" WHERE ("id" > LENGTH("username") OR "id" <= "id" OR "id" <> ("id" + $1) OR "id" < "id" OR "id" >= "id")
-- in a query
SELECT "id" FROM "users" WHERE "id" IN (SELECT "posts"."author_id" FROM "posts" WHERE "posts"."views" > $1)
-- not in a query
SELECT "id" FROM "users" WHERE "id" NOT IN (SELECT "posts"."author_id" FROM "posts")
-- in a query of the same table
SELECT "id" FROM "users" WHERE "id" IN (SELECT "users"."id" FROM "users" WHERE "users"."active" = $1 ORDER BY "users"."id" LIMIT 1)
-- exists
SELECT "id" FROM "users" WHERE EXISTS (SELECT 1 FROM "posts" WHERE "posts"."author_id" = "users"."id")
-- not exists
SELECT "id" FROM "users" WHERE NOT (EXISTS (SELECT "posts"."author_id" FROM "posts" GROUP BY "posts"."author_id" HAVING COUNT(*) > $1))
-- scalar subquery
SELECT "id" FROM "users" WHERE (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") >= $1
-- scalar subquery selected
SELECT "username", (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") FROM "users" ORDER BY (SELECT COUNT(*) FROM "posts" WHERE "posts"."author_id" = "users"."id") DESC
-- order by a name
SELECT "users"."username", COUNT("posts"."id") AS "n" FROM "users" JOIN "posts" ON "posts"."author_id" = "users"."id" GROUP BY "users"."username" ORDER BY COUNT("posts"."id") DESC
