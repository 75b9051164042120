-- postgres
SELECT CAST(SUM("id") AS bigint), COUNT(DISTINCT "name") FROM "users"
-- sqlite
SELECT CAST(SUM("id") AS INTEGER), COUNT(DISTINCT "name") FROM "users"
