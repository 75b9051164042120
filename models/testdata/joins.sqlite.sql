-- a key that is not NULL is joined inner
SELECT "articles"."id", "articles"."title", "articles"."views", "articles"."writer_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."created" FROM "articles" JOIN "writers" AS "spillway_1" ON "spillway_1"."id" = "articles"."writer_id"
-- and below it
SELECT "marks"."id", "marks"."message", "marks"."article_id", "marks"."writer_id", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."created" FROM "marks" JOIN "articles" AS "spillway_1" ON "spillway_1"."id" = "marks"."article_id" JOIN "writers" AS "spillway_2" ON "spillway_2"."id" = "spillway_1"."writer_id"
-- with a filter outer
SELECT "articles"."id", "articles"."title", "articles"."views", "articles"."writer_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."created" FROM "articles" LEFT JOIN "writers" AS "spillway_1" ON ("spillway_1"."id" = "articles"."writer_id" AND "spillway_1"."name" = ?1)
-- with a filter and InnerJoin
SELECT "articles"."id", "articles"."title", "articles"."views", "articles"."writer_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."created" FROM "articles" JOIN "writers" AS "spillway_1" ON ("spillway_1"."id" = "articles"."writer_id" AND "spillway_1"."name" = ?1)
-- OuterJoin
SELECT "articles"."id", "articles"."title", "articles"."views", "articles"."writer_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."created" FROM "articles" LEFT JOIN "writers" AS "spillway_1" ON "spillway_1"."id" = "articles"."writer_id"
-- below an OuterJoin all is outer
SELECT "marks"."id", "marks"."message", "marks"."article_id", "marks"."writer_id", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."created" FROM "marks" LEFT JOIN "articles" AS "spillway_1" ON "spillway_1"."id" = "marks"."article_id" LEFT JOIN "writers" AS "spillway_2" ON "spillway_2"."id" = "spillway_1"."writer_id"
-- a collection
SELECT "writers"."id", "writers"."name", "writers"."created", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id" FROM "writers" LEFT JOIN "articles" AS "spillway_1" ON "spillway_1"."writer_id" = "writers"."id" ORDER BY "writers"."id", "spillway_1"."id" DESC
-- below a collection all is outer
SELECT "writers"."id", "writers"."name", "writers"."created", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."created" FROM "writers" LEFT JOIN "articles" AS "spillway_1" ON "spillway_1"."writer_id" = "writers"."id" LEFT JOIN "writers" AS "spillway_2" ON "spillway_2"."id" = "spillway_1"."writer_id" ORDER BY "writers"."id", "spillway_1"."id" DESC
-- a collection inner, and below it
SELECT "writers"."id", "writers"."name", "writers"."created", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."created" FROM "writers" JOIN "articles" AS "spillway_1" ON "spillway_1"."writer_id" = "writers"."id" JOIN "writers" AS "spillway_2" ON "spillway_2"."id" = "spillway_1"."writer_id" ORDER BY "writers"."id", "spillway_1"."id" DESC
-- a collection inner, limited
SELECT "writers"."id", "writers"."name", "writers"."created", "spillway_1"."id", "spillway_1"."title", "spillway_1"."views", "spillway_1"."writer_id" FROM (SELECT "id", "name", "created" FROM "writers" ORDER BY "name" DESC LIMIT 3) AS "writers" JOIN "articles" AS "spillway_1" ON "spillway_1"."writer_id" = "writers"."id" ORDER BY "writers"."name" DESC, "spillway_1"."id" DESC
-- through an association, inner
SELECT "articles"."id", "articles"."title", "articles"."views", "articles"."writer_id", "spillway_1"."name" FROM "articles" JOIN "article_labels" AS "spillway_via1" ON "spillway_via1"."article_id" = "articles"."id" JOIN "labels" AS "spillway_1" ON "spillway_1"."name" = "spillway_via1"."label_name" ORDER BY "articles"."id", "spillway_1"."name"
-- two, one of them inner
SELECT "writers"."id", "writers"."name", "writers"."created", "spillway_1"."id", "spillway_1"."text", "spillway_1"."writer_id", "spillway_2"."id", "spillway_2"."title", "spillway_2"."views", "spillway_2"."writer_id" FROM "writers" LEFT JOIN "bios" AS "spillway_1" ON "spillway_1"."writer_id" = "writers"."id" JOIN "articles" AS "spillway_2" ON "spillway_2"."writer_id" = "writers"."id" ORDER BY "writers"."id", "spillway_2"."id" DESC
-- levels
SELECT "sections"."id", "sections"."name", "sections"."parent_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."parent_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."parent_id" FROM "sections" LEFT JOIN "sections" AS "spillway_1" ON "spillway_1"."parent_id" = "sections"."id" LEFT JOIN "sections" AS "spillway_2" ON "spillway_2"."parent_id" = "spillway_1"."id" ORDER BY "sections"."id", "spillway_1"."id", "spillway_2"."id"
-- levels, inner
SELECT "sections"."id", "sections"."name", "sections"."parent_id", "spillway_1"."id", "spillway_1"."name", "spillway_1"."parent_id", "spillway_2"."id", "spillway_2"."name", "spillway_2"."parent_id" FROM "sections" JOIN "sections" AS "spillway_1" ON "spillway_1"."id" = "sections"."parent_id" JOIN "sections" AS "spillway_2" ON "spillway_2"."id" = "spillway_1"."parent_id"
-- under a lock nothing is joined
SELECT "id", "title", "views", "writer_id" FROM "articles" LIMIT 1
-- under a lock InnerJoin is refused
error: models: InnerJoin of Article.Writer: this query is one that relations can not be joined to; use Has to ask for objects that have one
-- below a LEFT JOIN InnerJoin is refused
error: models: InnerJoin of Article.Writer is nested under Writer.Articles, which is joined by a LEFT JOIN: give that InnerJoin too
-- a key that is checked late is joined outer
SELECT "oars"."id", "oars"."hull_id", "oars"."spare_id", "oars"."buoy_id", "spillway_1"."id", "spillway_1"."name" FROM "oars" LEFT JOIN "hulls" AS "spillway_1" ON "spillway_1"."id" = "oars"."spare_id"
-- rows that can be marked as deleted are joined outer
SELECT "oars"."id", "oars"."hull_id", "oars"."spare_id", "oars"."buoy_id", "spillway_1"."id", "spillway_1"."sunk" FROM "oars" LEFT JOIN "buoys" AS "spillway_1" ON ("spillway_1"."id" = "oars"."buoy_id" AND NOT ("spillway_1"."sunk"))
-- rows marked as deleted too are joined inner
SELECT "oars"."id", "oars"."hull_id", "oars"."spare_id", "oars"."buoy_id", "spillway_1"."id", "spillway_1"."name", "spillway_2"."id", "spillway_2"."sunk" FROM "oars" JOIN "hulls" AS "spillway_1" ON "spillway_1"."id" = "oars"."hull_id" JOIN "buoys" AS "spillway_2" ON "spillway_2"."id" = "oars"."buoy_id"
