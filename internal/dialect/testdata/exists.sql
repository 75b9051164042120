-- postgres
SELECT EXISTS (SELECT "id" FROM "users")
-- sqlite
SELECT EXISTS (SELECT "id" FROM "users")
