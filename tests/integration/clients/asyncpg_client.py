# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
import asyncio
import os

import loopback  # noqa: F401
import asyncpg


async def main():
    connection = await asyncpg.connect(os.environ.get("DATABASE_URL"))
    print(await connection.fetchval("SELECT current_user"))
    await connection.close()


asyncio.run(main())
