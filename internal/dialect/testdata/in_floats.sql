-- postgres
SELECT "id" FROM "users" WHERE "score" = ANY($1)
-- 1: [1 2]
-- sqlite
SELECT "id" FROM "users" WHERE "score" IN (?1, ?2)
-- 1: 1
-- 2: 2
