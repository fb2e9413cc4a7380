# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
import importlib
import os
import sys

driver = importlib.import_module(sys.argv[1])
connection = driver.connect(os.environ.get("DATABASE_URL", ""))
cursor = connection.cursor()
cursor.execute("SELECT current_user")
print(cursor.fetchone()[0])
connection.close()
