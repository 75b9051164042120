-- postgres
SELECT "id" FROM "users" WHERE FALSE
-- sqlite
SELECT "id" FROM "users" WHERE FALSE
