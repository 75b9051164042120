-- postgres
SELECT "id" FROM "users" WHERE "id" = ANY($1)
-- 1: [1 2]
-- sqlite
SELECT "id" FROM "users" WHERE "id" IN (SELECT value FROM json_each(?1))
-- 1: [1 2]
