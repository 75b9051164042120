-- cte
WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "author_id", "title", "n" FROM "best" WHERE "n" = $1 ORDER BY "title"
-- cte joined
WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "users"."username", "best"."title" FROM "users" JOIN "best" ON "best"."author_id" = "users"."id"
-- recursive cte
WITH RECURSIVE "steps"("id", "depth") AS (SELECT CAST($1 AS bigint) AS "id", CAST($2 AS bigint) AS "depth" UNION ALL SELECT ("id" + $3) AS "id", ("depth" * $4) AS "depth" FROM "steps" WHERE "id" < $5) SELECT "id", "depth" FROM "steps" ORDER BY "id" DESC LIMIT 2
-- recursive cte with an alias
WITH RECURSIVE "steps"("id", "depth") AS (SELECT CAST($1 AS bigint) AS "id", CAST($2 AS bigint) AS "depth" UNION ALL SELECT ("id" + $3) AS "id", ("depth" * $4) AS "depth" FROM "steps" WHERE "id" < $5) SELECT "steps"."id", "second"."depth" FROM "steps" JOIN "steps" AS "second" ON "second"."id" = "steps"."id"
-- cte in a subquery
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE EXISTS (WITH RECURSIVE "steps"("id", "depth") AS (SELECT CAST($1 AS bigint) AS "id", CAST($2 AS bigint) AS "depth" UNION ALL SELECT ("steps"."id" + $3) AS "id", ("steps"."depth" * $4) AS "depth" FROM "steps" WHERE "steps"."id" < $5) SELECT 1 FROM "steps" WHERE "steps"."id" = "users"."id")
-- from a query
SELECT "author_id", "title", "n" FROM (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") AS "best" WHERE "n" <= $1
-- join a query
SELECT "users"."username", "best"."title" FROM "users" LEFT JOIN (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") AS "best" ON ("best"."author_id" = "users"."id" AND "best"."n" = $1)
-- join lateral
SELECT "users"."username", "best"."title" FROM "users" JOIN LATERAL (SELECT "posts"."author_id" AS "author_id", "posts"."title" AS "title", CAST($1 AS bigint) AS "n" FROM "posts" WHERE "posts"."author_id" = "users"."id" ORDER BY "posts"."id" DESC LIMIT 1) AS "best" ON TRUE
-- left join lateral
SELECT "users"."username", "best"."title" FROM "users" LEFT JOIN LATERAL (SELECT "posts"."author_id" AS "author_id", "posts"."title" AS "title", CAST($1 AS bigint) AS "n" FROM "posts" WHERE "posts"."author_id" = "users"."id" ORDER BY "posts"."id" DESC LIMIT 1) AS "best" ON "best"."title" <> $2
-- insert from a cte
INSERT INTO "tags" ("name", "label") WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "title", "title" FROM "best"
-- rankings
SELECT "id", ROW_NUMBER() OVER (), RANK() OVER (PARTITION BY "author_id" ORDER BY "id"), DENSE_RANK() OVER (PARTITION BY "author_id" ORDER BY "id"), NTILE($1) OVER (PARTITION BY "author_id" ORDER BY "id") FROM "posts"
-- neighbours
SELECT LAG("views", 1) OVER (PARTITION BY "author_id" ORDER BY "id"), LEAD("views", $1) OVER (PARTITION BY "author_id" ORDER BY "id"), FIRST_VALUE("views") OVER (PARTITION BY "author_id" ORDER BY "id"), LAST_VALUE("views") OVER (PARTITION BY "author_id" ORDER BY "id" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM "posts"
-- aggregates over windows
SELECT CAST(SUM("views") OVER (PARTITION BY "author_id" ORDER BY "id") AS bigint), CAST(AVG("views") OVER (PARTITION BY "author_id" ORDER BY "id" ROWS BETWEEN 1 PRECEDING AND 0 FOLLOWING) AS double precision), COUNT(*) FILTER (WHERE "views" > $1) OVER (PARTITION BY "author_id" ORDER BY "id") FROM "posts" WHERE "id" > $2
-- filtered sum over a window
SELECT CAST(SUM("views") FILTER (WHERE "views" > $1) OVER (PARTITION BY "author_id" ORDER BY "id") AS bigint) FROM "posts"
-- union
SELECT "username" FROM "users" WHERE "id" > $1 UNION SELECT "title" FROM "posts" ORDER BY 1 DESC LIMIT $2 OFFSET $3
-- union all of limited queries
SELECT * FROM (SELECT "title" FROM "posts" ORDER BY "id" LIMIT 1) AS part UNION ALL SELECT * FROM (SELECT "title" FROM "posts" ORDER BY "id" DESC LIMIT 1) AS part
-- intersect, except
SELECT * FROM (SELECT "title" FROM "posts" INTERSECT SELECT "title" FROM "posts") AS part EXCEPT SELECT "username" FROM "users"
-- union of objects
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "username" = $1 UNION SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "username" = $2 ORDER BY 2 DESC
-- union by name
SELECT LOWER("username") AS "n" FROM "users" UNION SELECT "title" FROM "posts" ORDER BY 1
-- in a union
SELECT "username" FROM "users" WHERE "username" IN (SELECT "posts"."title" FROM "posts" UNION SELECT "tags"."name" FROM "tags")
-- cte of a union
WITH "steps"("id", "depth") AS (SELECT "id" AS "id", CAST($1 AS bigint) AS "depth" FROM "users" UNION ALL SELECT "id" AS "id", CAST($2 AS bigint) AS "depth" FROM "posts") SELECT "id", "depth" FROM "steps"
-- json text
SELECT ("settings" #>> CAST($1 AS text[])) FROM "users"
-- json numbers
SELECT CASE WHEN jsonb_typeof("settings" #> CAST($1 AS text[])) = 'number' THEN CAST(TRUNC(CAST(("settings" #>> CAST($2 AS text[])) AS numeric)) AS bigint) END, CASE WHEN jsonb_typeof("settings" #> CAST($3 AS text[])) = 'number' THEN CAST(("settings" #>> CAST($4 AS text[])) AS double precision) END FROM "users"
-- groups by an expression with arguments
SELECT (("settings" #> CAST($1 AS text[])) IS NOT NULL), ("settings" #>> CAST($2 AS text[])), COUNT(*) FROM "users" GROUP BY 2, 1 ORDER BY 2 DESC
-- distinct by an expression with arguments
SELECT DISTINCT ("username" || CAST($1 AS text)) FROM "users" ORDER BY 1 DESC, 1
-- json bool
SELECT "username" FROM "users" WHERE CASE WHEN jsonb_typeof("settings" #> CAST($1 AS text[])) = 'boolean' THEN CAST(("settings" #>> CAST($2 AS text[])) AS boolean) END = $3 AND ("settings" #> CAST($4 AS text[])) IS NOT NULL
