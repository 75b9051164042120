-- postgres
UPDATE "users" SET "name" = $1, "nick" = $2 WHERE "id" = $3 RETURNING "id"
-- 1: x
-- 2: <nil>
-- 3: 1
-- sqlite
UPDATE "users" SET "name" = ?1, "nick" = ?2 WHERE "id" = ?3 RETURNING "id"
-- 1: x
-- 2: <nil>
-- 3: 1
