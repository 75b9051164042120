-- has
SELECT "id" FROM "everies" WHERE "ints" @> $1
-- has all
SELECT "id" FROM "everies" WHERE "texts" @> $1
-- has all of nothing
SELECT "id" FROM "everies" WHERE "bools" @> $1
-- overlaps
SELECT "id" FROM "everies" WHERE "times" && $1
-- a nullable array
SELECT "id" FROM "everies" WHERE "p_texts" && $1
-- a sql.Null of an array
SELECT "id" FROM "everies" WHERE "null_ints" @> $1
-- length
SELECT CAST(cardinality("ints") AS bigint) FROM "everies" ORDER BY CAST(cardinality("ints") AS bigint) DESC
-- of bytes
error: models: ArrayHas: Every.Bytes is no array but bytes; for a JSON document use Path
-- of a document
error: models: ArrayHas: Every.List is no array but json; for a JSON document use Path
-- pair greater
SELECT "id" FROM "everies" WHERE ("i", "s") > ($1, $2) LIMIT 1
-- pair in
SELECT "id" FROM "everies" WHERE ("i", "s") IN (($1, $2), ($3, $4))
-- pair in nothing
SELECT "id" FROM "everies" WHERE FALSE
-- pair not in
SELECT "id" FROM "everies" WHERE ("at", "uuid") NOT IN (($1, $2))
-- pair in a query
SELECT "id" FROM "everies" WHERE ("i", "s") IN (SELECT "everies"."i", "everies"."s" FROM "everies" WHERE "everies"."i" > $1)
-- triple
SELECT "id" FROM "everies" WHERE ("i", "s", "b") <= ($1, $2, $3) AND ("i", "s", "b") IN (($4, $5, $6))
-- pair of NULL
error: models: NULL is neither equal to nor smaller nor greater than anything: compare the columns one by one, with IsNull
-- zero pair
error: models: a zero Pair or Triple names no columns: make it with PairOf or TripleOf
-- zero triple
error: models: a zero Pair or Triple names no columns: make it with PairOf or TripleOf
