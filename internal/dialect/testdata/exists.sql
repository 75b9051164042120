-- postgres
SELECT EXISTS (SELECT 1 FROM "users")
-- sqlite
SELECT EXISTS (SELECT 1 FROM "users")
