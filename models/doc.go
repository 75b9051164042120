// Package models turns plain structs into tables: it registers them, builds queries with
// columns that the compiler checks, and keeps a unit of work. Futures of the same verbs
// are in package async; connections and the queue are the business of package pool.
//
//	type User struct {
//		models.Model                  // ID int64, made by the database
//		Username string  `db:",unique"`
//		FullName *string // can be NULL
//		Active   bool    `db:",default=true"`
//	}
//
//	var userT = models.Register[User]() // a prototype: its fields' addresses name columns
//
//	q := models.From(userT).
//		Where(models.Eq(&userT.Active, true), models.Contains(&userT.Username, "a")).
//		OrderBy(models.Asc(&userT.Username)).Limit(10)
//	users, err := models.All(ctx, db, q) // []*User
//
// # Structs
//
// Each exported field is a column, called like the field in snake case (AuthorID is
// author_id). The table is called like the struct, in snake case and the plural (PostTag
// is post_tags), or by the [Naming] of its [Registry], or what its method TableName
// returns. The fields of an embedded struct
// count as the struct's own. A pointer, or a sql.Null, can be NULL; nothing else can.
//
// The key is what is tagged pk: one field or several; without such a tag a field called
// ID; without one the ID of an embedded [Model]. A single integer key that is no foreign
// key is made by the database when it is zero; every other key is the program's to set.
//
// Options stand in the db tag, behind the name of the column, which may be left out:
//
//	db:"-"                 no column
//	db:"user_name"         the column's name
//	pk                     part of the key
//	unique, unique=name    no two rows alike; fields that share a name are one constraint
//	index, index=name      an index; fields that share a name share it
//	desc                   for index and unique: greatest first
//	where=active           for index and unique: of these rows only, an SQL condition
//	expr=lower(email)      for index and unique: of this expression, not of the column
//	check=age >= 0         every row meets this SQL condition; check.ck_age=… names it,
//	                       and there may be several
//	enum=new|done          a string that is one of these, kept by a check; a string type
//	                       with a method Values() needs no option
//	fk=users.id            a foreign key; fields with fk.name=… of one name are one key
//	                       of several columns
//	ondelete=, onupdate=   cascade, restrict, setnull, setdefault or noaction; for fk
//	deferrable             for fk: checked when the transaction commits
//	default=true           filled in by [New], and by the database for a nil pointer;
//	                       quote what has a comma: default='a, b'
//	server=now()           an SQL expression by which the database fills the column in when
//	                       the field is zero (a pointer tells zero from nothing); it is
//	                       read back. server.postgres= and server.sqlite= where they differ
//	generated=price * n    always the value of this SQL expression; it is read back after an
//	                       INSERT, and with the next read after an UPDATE
//	created                a time.Time that is set when the row is inserted, if it is zero
//	updated                the same, and whenever the row is updated
//	version                an integer that counts the changes of the row; see below
//	softdelete             a *time.Time or bool that marks the row as deleted; see below
//	json                   stored as a JSON document, whatever the type
//	type=citext            the column's own type, also for one database: type.postgres=citext
//	was=name               what the column was called before; a hint for migrations
//	prefix=home_           the fields of this struct are columns, with this before their
//	                       names; embed is the same without a prefix
//
// SQL in a tag is written as it stands, with the names of columns; quote it where it has
// a comma outside of parentheses. On SQLite server=now() is a time in the stored form.
//
// Anything else is refused by name when the struct is registered. A zero value is a
// value: a literal is inserted as it stands, and an UPDATE writes a field that became
// zero. Only [New] fills in defaults; those that have to be computed come from a method
// SetDefaults, see [Defaulter].
//
// # Types
//
//	Go                                                Postgres          SQLite
//	bool                                              boolean           BOOLEAN
//	int8, int16, uint8                                smallint          INTEGER
//	int32, uint16                                     integer           INTEGER
//	int, int64, uint, uint32, uint64, time.Duration   bigint            INTEGER
//	float32                                           real              REAL
//	float64                                           double precision  REAL
//	string                                            text              TEXT
//	[]byte                                            bytea             BLOB
//	time.Time                                         timestamptz       TIMESTAMP
//	[16]byte                                          uuid              UUID
//	json.RawMessage, the json option                  jsonb             JSON TEXT
//	[]int32                                           integer[]         JSON TEXT
//	MarshalText                                       text              TEXT
//
// The same holds for types that are defined as one of these (a uuid.UUID is a [16]byte),
// for pointers to them and for sql.Null of them. Integers are checked when read; a uint64
// above MaxInt64 is refused. A time is an instant: it comes back in UTC, in microseconds.
// A duration is a number of nanoseconds. SQLite drops
// the sign of a negative zero.
//
// A slice of booleans, numbers, strings, times or UUIDs is an array as []int32 is; nil is
// stored as an empty one. (An array has no place for pointers, nor for slices of slices:
// the json option has.)
//
// A type with the methods MarshalText and UnmarshalText is stored as its text, whatever it
// is made of: netip.Addr, big.Int, enumerations. One with Value and Scan, as for
// database/sql, is stored as what Value returns, and the zero value's decides on the
// type of the column; if it is nil, the column can be NULL and type= has to name its type.
// With type= the text can be of any type of Postgres: a decimal as type=numeric, an
// address as type=inet. On SQLite the column stays as in the table, since its numeric
// would round decimals: it compares and sorts their text; type.sqlite= has the last
// word. Such types can not identify rows. Their methods run in the goroutine of the caller,
// or of whoever runs an async session; their errors and panics name the field.
//
// # Versions
//
// A version column keeps one user's change from overwriting another's. It is 1 in a new
// row and counted on by each UPDATE, also by those of [Update]. A flush changes or deletes
// a row only if it still has the version that the object has; otherwise it fails with
// [ErrStale], and the session can be used as after every failed flush. A version that
// comes back with a form can be put into the field: then it is what the row must have.
//
// # Marked as deleted
//
// In a table with a softdelete column [Session.Delete] and [Delete] mark rows and leave
// them in the table. Queries, joins, counts and loads do not see them, unless
// [Query.WithDeleted] or [IncludeDeleted] asks for them; an object that refers to one has
// nobody there. [Session.Purge] and [Query.Purge] remove rows for good. To bring a row
// back set its field to nil or false and flush: read it with WithDeleted, or add the
// object that was deleted to a session again.
//
// Marking cascades along relations with cascade=delete to rows that can be marked too;
// others stay, and so do rows of associations and what the database itself would have
// deleted, since the row that they refer to is still there. A marked row still holds its
// place in a unique constraint: with db:",unique,where=deleted_at IS NULL" it does not.
//
// # Hooks
//
// A struct with methods called BeforeInsert, AfterInsert, BeforeUpdate, AfterUpdate,
// BeforeDelete, AfterDelete, AfterLoad or Validate has hooks: see [BeforeInserter] and
// what follows it for their signatures; a method of such a name with another signature is
// refused by [Register]. A flush calls them for each object that it inserts, changes or
// deletes: those of all objects before the writes, then, behind the writes and before the
// commit, those that come after. An error of a hook, or its panic, is a [HookError]; all
// that the flush did is taken back, the changes stay pending, and the session goes on.
//
// Hooks run in the goroutine of the caller, or in one of the async session's own, never on
// a worker. To use the database within the same transaction they ask [HookSession]; what
// they add there is flushed along, and forgotten if the flush fails. [Create] on the
// database itself calls them without a session, and an error of its AfterInsert does not
// take the row back. Writes by query ([Insert], [Update], [Delete], raw SQL), rows that go
// along with others by a cascade, and rows of associations have no hooks.
//
// # Handles
//
// A verb works on the database itself, then each call stands for itself and is committed
// at once, or on a [Session]: a unit of work with one object per row, which notices what
// was changed. Verbs take ctx first; it is the life of the operation.
//
// Objects have states. A new one is pending from Add until a flush inserts it; then, or
// when it was loaded, it is persistent: it has a row, and a flush writes what changed in
// it. After Delete and a flush it is deleted. When the session ends it is detached, and
// can be added to another session: where it comes from is remembered in the object, see
// [Model]. An object of which nobody knows that, such as one made of JSON, is for [Merge].
// [Session.State] and [Session.Changes] show what a session knows; [Session.Expunge] takes
// an object out of its care.
//
// What was read stays as it was read: a row that comes again does not touch an object that
// the session has. What others did shows after a commit of a blocking session, or when
// asked for: by [Session.Refresh], [Session.Expire] or [Query.PopulateExisting].
//
// # Coming from Reflex or SQLAlchemy
//
// On the left is what stands in Python, on the right what stands in Go. Errors, which every
// call returns, take the place of exceptions.
//
//	MODELS
//	class User(rx.Model, table=True): …                       │ type User struct { models.Model; … }
//	code: str = Field(primary_key=True)                       │ Code string `db:",pk"`
//	id: uuid.UUID = Field(primary_key=True)                   │ ID [16]byte
//	full_name: Optional[str] = None                           │ FullName *string
//	username: str = Field(unique=True, index=True)            │ Username string `db:",unique,index"`
//	is_active: bool = True                                    │ IsActive bool `db:",default=true"`
//	default_factory=datetime.utcnow                           │ CreatedAt time.Time `db:",created"`
//	user_id: int = Field(foreign_key="user.id")               │ UserID int64 `db:",fk=users.id"`
//	sa_column=Column(TIMESTAMP, server_default=func.now())    │ UpdateTS time.Time `db:",type.postgres=timestamptz,server=now()"`
//	user.dict()                                               │ _ = models.Dict(user)
//	super().dict()                                            │ _ = models.BaseDict(user)
//	posts rendered with their users                           │ _, err = json.Marshal(posts)
//	User.create(username="ada")                               │ err = models.Create(ctx, db, &User{Username: "ada"})
//	ModelRegistry.register(User)                              │ _ = models.Register[User]()
//	ModelRegistry.get_models(include_empty=True)              │ _ = models.Registered(true)
//	ModelRegistry.get_metadata()                              │ _ = models.Metadata(models.Default())
//	User.filter(username="ada")                               │ users, err = models.FilterBy[User](ctx, db, models.Vals{"username": "ada"})
//	User.count()                                              │ n, err = models.CountAll[User](ctx, db)
//
//	SESSIONS
//	with rx.session() as s:                                   │ s := db.Session(); defer s.Close()
//	async with rx.asession() as s:                            │ as := db.AsyncSession(); defer as.Close()
//	users = (await s.exec(q)).all()                           │ users, err = async.All(ctx, as, q).Await(ctx)
//	s.commit()                                                │ err = s.Commit(ctx)
//	s.rollback()                                              │ err = s.Rollback(ctx)
//	s.get(User, 1)                                            │ user, err = models.Get[User](ctx, s, 1)
//	s.exec(q).all()                                           │ users, err = models.All(ctx, s, q)
//	s.exec(q).first()                                         │ user, err = models.First(ctx, s, q)
//	user.email = "new"; s.add(user); s.commit()               │ user.Email = "new"; s.Add(user); err = s.Commit(ctx)
//	s.delete(user)                                            │ s.Delete(user)
//	s.refresh(user)                                           │ err = s.Refresh(ctx, user)
//	s.expunge(user); s.expire(user)                           │ s.Expunge(user); s.Expire(user)
//	s.merge(user)                                             │ user, err = models.Merge(ctx, s, user)
//	user.set(**form_data)                                     │ err = models.Set(user, form)
//	s.execute(text("DELETE … :id"), {"id": 7})                │ _, err = models.Exec(ctx, s, models.Raw[models.Tuple]("DELETE FROM flags WHERE id = :id", models.Args{"id": 7}))
//	s.execute(text("SELECT …")).all()                         │ rows, err := models.All(ctx, s, models.Raw[models.Tuple]("SELECT * FROM users"))
//	….mappings().all()                                        │ maps, err := models.All(ctx, s, models.Raw[map[string]any]("SELECT * FROM users"))
//	text(some_string)                                         │ _ = models.Raw[User](models.Unsafe(text))
//	s.flush(); s.begin_nested()                               │ err = s.Flush(ctx); err = s.Nested(ctx, part)
//
//	CONFIGURATION
//	DBConfig(db_url="postgresql://u:p@h/db")                  │ cfg := spillway.Config{URL: "postgresql://u:p@h/db"}
//	db_url="sqlite:///app.db"                                 │ cfg.URL = "sqlite:///app.db"
//	db_url="postgresql+asyncpg://u:p@h/db"                    │ cfg.URL = "postgresql+asyncpg://u:p@h/db"
//	engine=my_engine                                          │ cfg.Postgres = pgxConfig
//	migrate=True                                              │ cfg.Migrations, cfg.Migrate = files, spillway.MigrateAtStart
//	pool_size=10                                              │ cfg.Size = 10
//	max_overflow=20                                           │ cfg.Overflow = 20
//	pool_timeout=30                                           │ cfg.Timeout = 30 * time.Second
//	pool_recycle=3600                                         │ cfg.Recycle = time.Hour
//	echo=True                                                 │ cfg.Echo = true
//	echo_pool=True                                            │ cfg.EchoPool = true
//	config.create_engine()                                    │ db, err = spillway.Open(ctx, cfg)
//	config.create_tables()                                    │ err = db.CreateTables(ctx)
//	config.run_migrations()                                   │ err = db.RunMigrations(ctx)
//	db_url left out                                           │ db, err = spillway.Open(ctx, spillway.Config{})
//
//	QUERIES
//	select(User)                                              │ q := models.From(userT)
//	.where(User.is_active == True)                            │ q = q.Where(models.Eq(&userT.IsActive, true))
//	.join(Post)                                               │ q = q.Join(postT)
//	.order_by(User.created_at.desc())                         │ q = q.OrderBy(models.Desc(&userT.CreatedAt))
//	.limit(10)                                                │ q = q.Limit(10)
//	.offset(20)                                               │ q = q.Offset(20)
//	User.username.contains(text)                              │ q = q.Where(models.Contains(&userT.Username, text))
//	a | b                                                     │ q = q.Where(models.Or(models.Eq(&userT.ID, 1), models.IsNull(&userT.FullName)))
//	select(User.username, func.count(Post.id)).group_by(…)    │ counts := models.Select2(models.Col(&userT.Username), models.CountOf(&postT.ID)).Join(postT).GroupBy(&userT.Username)
//	q.compile(dialect=…)                                      │ sql, args, err := q.SQL(models.Postgres)
//	update(User).where(…).values(is_active=False)             │ _, err = models.Exec(ctx, s, models.Update(userT).Set(models.To(&userT.IsActive, false)).Where(models.Eq(&userT.ID, 1)))
//	s.bulk_save_objects(users)                                │ _, err = models.BulkInsert(ctx, db, slices.Values(users))
//	q.execution_options(yield_per=500)                        │ for u, err := range models.Each(ctx, s, q.Chunk(500)) { _, _ = u, err }
//
//	RELATIONS
//	posts: List["Post"] = Relationship(back_populates="user")  │ Posts models.HasMany[Post] `rel:"fk=UserID,back=User"`
//	Relationship(…, uselist=False)                            │ Profile models.HasOne[Profile] `rel:"fk=UserID"`
//	user: Optional["User"] = Relationship(…)                  │ User models.BelongsTo[User] `rel:"back=Posts"`
//	Relationship(link_model=PostTag)                          │ Tags models.HasMany[Tag] `rel:"through=PostTag"`
//	logins: WriteOnlyMapped[List["Login"]]                    │ Logins models.HasMany[Login] `rel:"fk=UserID,lazy=raise"`
//	user.logins.add(login)                                    │ user.Logins.Add(login)
//	user.logins.select()                                      │ _ = models.From(loginT).Where(models.Eq(&loginT.UserID, user.ID))
//	user.posts.append(post)                                   │ user.Posts.Add(post)
//	Flag(message=m, post=post, user=user)                     │ flag := &Flag{Message: "m", Post: models.Ref(post), User: models.Ref(user)}
//	user.posts  # lazy="select"                               │ posts, err = user.Posts.Load(ctx)
//	await user.awaitable_attrs.posts                          │ posts, err = async.Load(ctx, &user.Posts).Await(ctx)
//	.options(joinedload(User.posts))                          │ q = q.With(models.Joined(&userT.Posts))
//	.options(subqueryload(User.posts))                        │ q = q.With(models.Subquery(&userT.Posts))
//	.options(selectinload(User.posts))                        │ q = q.With(models.SelectIn(&userT.Posts))
//	.options(raiseload(User.posts))                           │ q = q.With(models.Raise(&userT.Posts))
//	.options(noload(User.posts))                              │ q = q.With(models.NoLoad(&userT.Posts))
//	selectinload(Post.flags).options(selectinload(Flag.user))  │ _ = models.From(postT).With(models.SelectIn(&postT.Flags, models.SelectIn(&flagT.User)))
//	select(Post).options(…).limit(15)                         │ _ = models.From(postT).With(models.SelectIn(&postT.Flags)).Limit(15)
//	sa_relationship_kwargs={"lazy": "selectin"}               │ Flags models.HasMany[Flag] `rel:"fk=PostID,lazy=selectin"`
//
//	MIGRATIONS
//	reflex db init                                            │ _, err = autogen.Init(ctx, autogen.Options{DB: db})
//	create_migration("add age")                               │ _, err = autogen.Create(ctx, autogen.Options{DB: db, Message: "add age"})
//	reflex db migrate                                         │ _, err = runner.Up(ctx)
//	rollback_migration()                                      │ _, err = runner.Down(ctx)
//	get_migration_status()                                    │ _, err = runner.Status(ctx)
//
// What differs, and why:
//
//   - A relation that is not loaded is never read in silence: a getter has no place for a
//     context and an error. Load is an explicit call, and in a loop it asks once for all
//     siblings, not once for each.
//   - Objects of a session that has ended keep the values of their plain fields, since Go can
//     not notice that a field is read; there is no DetachedInstanceError for them. A relation
//     that was not loaded answers ErrNotLoaded, and loading it ErrDetached.
//   - Tables are called like their structs in the plural, users for User, because user is a
//     reserved word of Postgres; [LowerCase] is the rule of Reflex.
//   - A literal is inserted as it stands: defaults are filled in by [New], and by the database
//     for pointers left nil.
//   - A failed flush leaves the session usable; there is no PendingRollbackError.
//
// # Mistakes
//
// A struct that can not be mapped is reported by [Register]. What concerns several
// structs is reported by [Check] and [CreateTables]. A mistake made while building a
// query travels in it and is returned by the verb; so is one of Add and Delete by the
// next flush.
package models
