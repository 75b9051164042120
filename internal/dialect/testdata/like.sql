-- postgres
SELECT "id" FROM "users" WHERE "name" LIKE $1
-- 1: a%_\%*[
-- sqlite
SELECT "id" FROM "users" WHERE "name" GLOB ?1
-- 1: a*?%[*][[]
