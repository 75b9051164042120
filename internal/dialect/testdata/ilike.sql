-- postgres
SELECT "id" FROM "users" WHERE "name" ILIKE $1
-- 1: a%
-- sqlite
SELECT "id" FROM "users" WHERE "name" LIKE ?1 ESCAPE '\'
-- 1: a%
