-- postgres
SELECT "id" FROM "users" WHERE "id" BETWEEN $1 AND $2
-- 1: 1
-- 2: 2
-- sqlite
SELECT "id" FROM "users" WHERE "id" BETWEEN ?1 AND ?2
-- 1: 1
-- 2: 2
