# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# usage: psycopg_session.py psycopg2|psycopg BASE
import importlib
import os
import sys

driver = importlib.import_module(sys.argv[1])
base = int(sys.argv[2])
connection = driver.connect(os.environ["DATABASE_URL"])
cursor = connection.cursor()
cursor.execute("DELETE FROM notes WHERE id BETWEEN %s AND %s", (base, base + 9))
for i in range(5):
    cursor.execute("INSERT INTO notes VALUES (%s, %s)", (base + i, "note %d" % i))
connection.commit()
if sys.argv[1] == "psycopg":
    connection.prepare_threshold = 0
for i in range(10):
    cursor.execute("SELECT body FROM notes WHERE id = %s", (base + i % 5,))
    assert cursor.fetchone()[0] == "note %d" % (i % 5)
connection.commit()
try:
    cursor.execute("INSERT INTO notes VALUES (%s, 'twice')", (base,))
    raise SystemExit("no error")
except driver.errors.UniqueViolation:
    connection.rollback()
cursor.execute("SELECT current_user, count(*) FROM notes WHERE id BETWEEN %s AND %s", (base, base + 9))
print(*cursor.fetchone())
connection.close()
