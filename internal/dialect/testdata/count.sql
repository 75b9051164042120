-- postgres
SELECT COUNT(*) FROM "users"
-- sqlite
SELECT COUNT(*) FROM "users"
