"""SQLModel with AsyncSession, measured by itself.

Started with a driver (asyncpg or aiosqlite), the URL of the Postgres database and the path
of a SQLite file to make. Each line of the input is a command, answered by a line of
nanoseconds:

    get SESSIONS ROWS SECONDS   so many sessions at once, one get each; what one run takes
    uow USERS POSTS             one session that adds users with posts and commits
"""

import asyncio
import gc
import sys
import time
from datetime import datetime, timedelta
from typing import Optional
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


class Account(SQLModel, table=True):
    __tablename__ = "accounts"
    id: Optional[int] = Field(default=None, primary_key=True)
    username: str
    email: str
    created_at: datetime


class User(SQLModel, table=True):
    __tablename__ = "users"
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str
    email: str


class Post(SQLModel, table=True):
    __tablename__ = "posts"
    id: Optional[int] = Field(default=None, primary_key=True)
    title: str
    author_id: int = Field(foreign_key="users.id")


def engine(driver, url, path):
    # The pool that Spillway has by default.
    sizes = {"pool_size": 10, "max_overflow": 20}
    if driver == "aiosqlite":
        return create_async_engine("sqlite+aiosqlite:///" + path)
    u = urlsplit(url)
    return create_async_engine(
        f"postgresql+asyncpg://{u.username}:{u.password}@{u.hostname}:{u.port}{u.path}",
        connect_args={"ssl": False}, **sizes)


async def fill(e, rows):
    async with e.begin() as conn:
        await conn.run_sync(SQLModel.metadata.create_all)
    first = datetime(2024, 1, 1)
    async with AsyncSession(e) as s:
        s.add_all([Account(username=f"user{i:06d}", email=f"user{i:06d}@example.com",
                           created_at=first + timedelta(seconds=i)) for i in range(rows)])
        await s.commit()


async def get_one(e, key):
    async with AsyncSession(e) as s:
        account = await s.get(Account, key)
        if account is None or account.username != f"user{key - 1:06d}":
            raise ValueError("the wrong row")


async def get(e, sessions, rows, seconds):
    n, key = 0, 0
    begin = time.perf_counter_ns()
    while n == 0 or time.perf_counter_ns() - begin < seconds * 1e9:
        keys = []
        for _ in range(sessions):
            key = (key + 7919) % rows
            keys.append(key + 1)
        await asyncio.gather(*(get_one(e, k) for k in keys))
        n += 1
    return (time.perf_counter_ns() - begin) / n


async def uow(e, users, posts):
    begin = time.perf_counter_ns()
    async with AsyncSession(e) as s:
        us = [User(name=f"user{i:05d}", email=f"user{i:05d}@example.com") for i in range(users)]
        s.add_all(us)
        await s.flush()
        s.add_all([Post(title=f"post {k} of user{i:05d}", author_id=u.id)
                   for i, u in enumerate(us) for k in range(posts)])
        await s.commit()
    return time.perf_counter_ns() - begin


async def main():
    driver, url, path = sys.argv[1:]
    e = engine(driver, url, path)
    filled = driver == "asyncpg"
    print("0", flush=True)
    for line in sys.stdin:
        word, *args = line.split()
        gc.collect()
        if word == "get":
            if not filled:
                await fill(e, int(args[1]))
                filled = True
            took = await get(e, int(args[0]), int(args[1]), float(args[2]))
        else:
            took = await uow(e, int(args[0]), int(args[1]))
        print(took, flush=True)
    await e.dispose()


try:
    asyncio.run(main())
except Exception as err:
    print("error", type(err).__name__, str(err).replace("\n", " "), flush=True)
    sys.exit(1)
