-- postgres
SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users"
-- sqlite
SELECT "id", "name", "nick", "active", "score", "ratio", "small", "mid", "photo", "born", "token", "settings", "favourite" FROM "users"
