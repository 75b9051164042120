-- cte
WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "author_id", "title", "n" FROM "best" WHERE "n" = ?1 ORDER BY "title"
-- cte joined
WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "users"."username", "best"."title" FROM "users" JOIN "best" ON "best"."author_id" = "users"."id"
-- recursive cte
WITH RECURSIVE "steps"("id", "depth") AS (SELECT ?1 AS "id", ?2 AS "depth" UNION ALL SELECT ("id" + ?3) AS "id", ("depth" * ?4) AS "depth" FROM "steps" WHERE "id" < ?5) SELECT "id", "depth" FROM "steps" ORDER BY "id" DESC LIMIT 2
-- recursive cte with an alias
WITH RECURSIVE "steps"("id", "depth") AS (SELECT ?1 AS "id", ?2 AS "depth" UNION ALL SELECT ("id" + ?3) AS "id", ("depth" * ?4) AS "depth" FROM "steps" WHERE "id" < ?5) SELECT "steps"."id", "second"."depth" FROM "steps" JOIN "steps" AS "second" ON "second"."id" = "steps"."id"
-- cte in a subquery
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE EXISTS (WITH RECURSIVE "steps"("id", "depth") AS (SELECT ?1 AS "id", ?2 AS "depth" UNION ALL SELECT ("steps"."id" + ?3) AS "id", ("steps"."depth" * ?4) AS "depth" FROM "steps" WHERE "steps"."id" < ?5) SELECT 1 FROM "steps" WHERE "steps"."id" = "users"."id")
-- from a query
SELECT "author_id", "title", "n" FROM (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") AS "best" WHERE "n" <= ?1
-- join a query
SELECT "users"."username", "best"."title" FROM "users" LEFT JOIN (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") AS "best" ON ("best"."author_id" = "users"."id" AND "best"."n" = ?1)
-- join lateral
error: models: sqlite has no LATERAL: number the rows with RowNumber in a derived table and join that
-- left join lateral
error: models: sqlite has no LATERAL: number the rows with RowNumber in a derived table and join that
-- insert from a cte
INSERT INTO "tags" ("name", "label") WITH "best"("author_id", "title", "n") AS (SELECT "author_id" AS "author_id", "title" AS "title", ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "views" DESC) AS "n" FROM "posts") SELECT "title", "title" FROM "best"
-- rankings
SELECT "id", ROW_NUMBER() OVER (), RANK() OVER (PARTITION BY "author_id" ORDER BY "id"), DENSE_RANK() OVER (PARTITION BY "author_id" ORDER BY "id"), NTILE(4) OVER (PARTITION BY "author_id" ORDER BY "id") FROM "posts"
-- neighbours
SELECT LAG("views", 1) OVER (PARTITION BY "author_id" ORDER BY "id"), LEAD("views", 3) OVER (PARTITION BY "author_id" ORDER BY "id"), FIRST_VALUE("views") OVER (PARTITION BY "author_id" ORDER BY "id"), LAST_VALUE("views") OVER (PARTITION BY "author_id" ORDER BY "id" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM "posts"
-- aggregates over windows
SELECT CAST(SUM("views") OVER (PARTITION BY "author_id" ORDER BY "id") AS INTEGER), CAST(AVG("views") OVER (PARTITION BY "author_id" ORDER BY "id" ROWS BETWEEN 1 PRECEDING AND 0 FOLLOWING) AS REAL), COUNT(*) FILTER (WHERE "views" > ?1) OVER (PARTITION BY "author_id" ORDER BY "id") FROM "posts" WHERE "id" > ?2
-- filtered sum over a window
SELECT CAST(SUM("views") FILTER (WHERE "views" > ?1) OVER (PARTITION BY "author_id" ORDER BY "id") AS INTEGER) FROM "posts"
-- union
SELECT "username" FROM "users" WHERE "id" > ?1 UNION SELECT "title" FROM "posts" ORDER BY 1 DESC LIMIT 3 OFFSET ?2
-- union all of limited queries
SELECT * FROM (SELECT "title" FROM "posts" ORDER BY "id" LIMIT 1) AS part UNION ALL SELECT * FROM (SELECT "title" FROM "posts" ORDER BY "id" DESC LIMIT 1) AS part
-- intersect, except
SELECT * FROM (SELECT "title" FROM "posts" INTERSECT SELECT "title" FROM "posts") AS part EXCEPT SELECT "username" FROM "users"
-- union of objects
SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "username" = ?1 UNION SELECT "id", "username", "email", "full_name", "active", "score", "settings", "created_at", "updated_at" FROM "users" WHERE "username" = ?2 ORDER BY 2 DESC
-- union by name
SELECT LOWER("username") AS "n" FROM "users" UNION SELECT "title" FROM "posts" ORDER BY 1
-- in a union
SELECT "username" FROM "users" WHERE "username" IN (SELECT "posts"."title" FROM "posts" UNION SELECT "tags"."name" FROM "tags")
-- cte of a union
WITH "steps"("id", "depth") AS (SELECT "id" AS "id", ?1 AS "depth" FROM "users" UNION ALL SELECT "id" AS "id", ?2 AS "depth" FROM "posts") SELECT "id", "depth" FROM "steps"
-- json text
SELECT CASE json_type("settings", ?1) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract("settings", ?2) AS TEXT) END FROM "users"
-- json numbers
SELECT CASE WHEN json_type("settings", ?1) IN ('integer', 'real') THEN CAST(json_extract("settings", ?2) AS INTEGER) END, CASE WHEN json_type("settings", ?3) IN ('integer', 'real') THEN CAST(json_extract("settings", ?4) AS REAL) END FROM "users"
-- groups by an expression with arguments
SELECT (json_type("settings", ?1) IS NOT NULL), CASE json_type("settings", ?2) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(json_extract("settings", ?3) AS TEXT) END, COUNT(*) FROM "users" GROUP BY 2, 1 ORDER BY 2 DESC
-- distinct by an expression with arguments
SELECT DISTINCT ("username" || ?1) FROM "users" ORDER BY 1 DESC, 1
-- json bool
SELECT "username" FROM "users" WHERE CASE json_type("settings", ?1) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END = ?2 AND json_type("settings", ?3) IS NOT NULL
