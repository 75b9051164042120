-- postgres
SELECT "id" FROM "users" WHERE TRUE
-- sqlite
SELECT "id" FROM "users" WHERE TRUE
