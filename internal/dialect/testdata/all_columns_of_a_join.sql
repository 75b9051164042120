-- postgres
SELECT "boss"."id", "boss"."name", "boss"."nick", "boss"."active", "boss"."score", "boss"."ratio", "boss"."small", "boss"."mid", "boss"."photo", "boss"."born", "boss"."token", "boss"."settings", "boss"."favourite" FROM "users" AS "boss" JOIN "posts" ON "posts"."id" = "boss"."id"
-- sqlite
SELECT "boss"."id", "boss"."name", "boss"."nick", "boss"."active", "boss"."score", "boss"."ratio", "boss"."small", "boss"."mid", "boss"."photo", "boss"."born", "boss"."token", "boss"."settings", "boss"."favourite" FROM "users" AS "boss" JOIN "posts" ON "posts"."id" = "boss"."id"
