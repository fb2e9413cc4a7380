# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# That of Debian 12 does not know SCRAM, so this goes through the Unix socket.
# usage: pg8000_session.py BASE
import os
import sys

import pg8000

base = int(sys.argv[1])
socket = f"{os.environ['XDG_RUNTIME_DIR']}/dsql/.s.PGSQL.{os.environ['PGPORT']}"
connection = pg8000.connect(user=os.environ["PGUSER"], unix_sock=socket, database=os.environ["PGDATABASE"])
cursor = connection.cursor()
cursor.execute("DELETE FROM notes WHERE id BETWEEN %s AND %s", (base, base + 9))
cursor.executemany("INSERT INTO notes VALUES (%s, %s)", [(base + i, f"note {i}") for i in range(5)])
connection.commit()
for i in range(10):
    cursor.execute("SELECT body FROM notes WHERE id = %s", (base + i % 5,))
    assert cursor.fetchone()[0] == f"note {i % 5}"
connection.commit()
try:
    cursor.execute("INSERT INTO notes VALUES (%s, 'twice')", (base,))
    raise SystemExit("no error")
except pg8000.Error as error:
    assert "23505" in str(error), error
    connection.rollback()
cursor.execute("SELECT current_user, count(*) FROM notes WHERE id BETWEEN %s AND %s", (base, base + 9))
print(*cursor.fetchone())
connection.close()
