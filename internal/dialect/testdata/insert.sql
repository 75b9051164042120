-- postgres
INSERT INTO "users" ("name", "odd""name") VALUES ($1, $2) RETURNING "id"
INSERT INTO "users" ("name", "nick") VALUES ($1, $2), ($3, $4), ($5, $6)
INSERT INTO "users" DEFAULT VALUES RETURNING "id", "active"
-- sqlite
INSERT INTO "users" ("name", "odd""name") VALUES (?1, ?2) RETURNING "id"
INSERT INTO "users" ("name", "nick") VALUES (?1, ?2), (?3, ?4), (?5, ?6)
INSERT INTO "users" DEFAULT VALUES RETURNING "id", "active"
