-- postgres
DELETE FROM "users" WHERE "id" = $1 RETURNING "id"
-- 1: 1
-- sqlite
DELETE FROM "users" WHERE "id" = ?1 RETURNING "id"
-- 1: 1
