-- postgres
SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users" ORDER BY "name" DESC, "id" LIMIT $1 OFFSET $2
-- 1: 10
-- 2: 20
-- sqlite
SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users" ORDER BY "name" DESC, "id" LIMIT 10 OFFSET ?1
-- 1: 20
