-- postgres
SELECT "id" FROM "users" WHERE FALSE AND TRUE
-- sqlite
SELECT "id" FROM "users" WHERE FALSE AND TRUE
