-- postgres
SELECT "id" FROM "users" OFFSET $1
-- 1: 5
-- sqlite
SELECT "id" FROM "users" LIMIT -1 OFFSET ?1
-- 1: 5
