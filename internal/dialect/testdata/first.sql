-- postgres
SELECT "id" FROM "users" LIMIT 1
-- sqlite
SELECT "id" FROM "users" LIMIT 1
