-- postgres
SELECT "id" FROM "users" WHERE ("id" = $1 OR NOT ("name" IS NULL)) AND "name" IS NOT NULL
-- 1: 1
-- sqlite
SELECT "id" FROM "users" WHERE ("id" = ?1 OR NOT ("name" IS NULL)) AND "name" IS NOT NULL
-- 1: 1
