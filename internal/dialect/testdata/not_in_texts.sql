-- postgres
SELECT "id" FROM "users" WHERE "name" <> ALL($1)
-- 1: [a]
-- sqlite
SELECT "id" FROM "users" WHERE "name" NOT IN (SELECT value FROM json_each(?1))
-- 1: [a]
