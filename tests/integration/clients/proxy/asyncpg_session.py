# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# usage: asyncpg_session.py BASE
import asyncio
import os
import sys

import asyncpg

base = int(sys.argv[1])


class Connection(asyncpg.Connection):
    # The pool's own one calls pg_advisory_unlock_all(), which Aurora DSQL does not have.
    def get_reset_query(self):
        return ""

    _get_reset_query = get_reset_query  # its name before asyncpg 0.30


async def use_pool():
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=2,
                                   connection_class=Connection) as pool:
        assert await asyncio.gather(*(pool.fetchval("SELECT $1::int", i) for i in range(20))) == list(range(20))


async def main():
    await use_pool()
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("DELETE FROM notes WHERE id BETWEEN $1 AND $2", base, base + 9)
    async with connection.transaction():
        await connection.executemany("INSERT INTO notes VALUES ($1, $2)",
                                     [(base + i, "note %d" % i) for i in range(5)])
    statement = await connection.prepare("SELECT body FROM notes WHERE id = $1")
    for i in range(10):
        assert await statement.fetchval(base + i % 5) == "note %d" % (i % 5)
    try:
        await connection.execute("INSERT INTO notes VALUES ($1, 'twice')", base)
        raise SystemExit("no error")
    except asyncpg.UniqueViolationError:
        pass
    row = await connection.fetchrow("SELECT current_user, count(*) FROM notes WHERE id BETWEEN $1 AND $2",
                                    base, base + 9)
    print(*row)
    await connection.close()


asyncio.run(main())
