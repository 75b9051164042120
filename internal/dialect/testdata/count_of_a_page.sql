-- postgres
SELECT COUNT(*) FROM (SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users" LIMIT $1 OFFSET $2) AS counted
-- 1: 10
-- 2: 20
-- sqlite
SELECT COUNT(*) FROM (SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users" LIMIT 10 OFFSET ?1) AS counted
-- 1: 20
