# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""Django's schema editor and the recorder of its migrations."""

import os
import re

import django
from django.conf import settings

settings.configure(
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            # Server-side cursors are DECLARE.
            "DISABLE_SERVER_SIDE_CURSORS": True,
        }
    },
)
django.setup()

from django.db import connection, models  # noqa: E402
from django.db.migrations.recorder import MigrationRecorder  # noqa: E402


class Item(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "django_items"


class Counted(models.Model):
    class Meta:
        app_label = "shop"
        db_table = "django_counted"


def step(name, run):
    try:
        answer = run() or "ok"
    except Exception as error:  # whatever the ORM raises is the answer
        answer = str(error)
    print(f"django: {name}: {re.sub(chr(92) + 's+', ' ', answer).strip()}", flush=True)


def edit(run, atomic=False):
    with connection.schema_editor(atomic=atomic) as editor:
        run(editor)


def field(name, value):
    value.set_attributes_from_name(name)
    return value


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def index_async():
    job = sql("CREATE INDEX ASYNC django_price ON django_items (price)")[0][0]
    return "ok" if sql(f"CALL sys.wait_for_job('{job}')")[0][0] else "the job has failed"


def constraints():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "django_items")
    return ", ".join(f"{n} {c['columns']} {c['primary_key']}" for n, c in sorted(found.items()))


step("its own table", lambda: MigrationRecorder(connection).ensure_schema())
step("a model with an integer key", lambda: edit(lambda e: e.create_model(Counted)))
step("a model, in a transaction", lambda: edit(lambda e: e.create_model(Item), atomic=True))
step("a column", lambda: edit(lambda e: e.add_field(Item, field("price", models.IntegerField(null=True)))))
step("a column that is not null", lambda: edit(lambda e: e.add_field(Item, field("size", models.IntegerField(default=1)))))
step("an index", lambda: edit(lambda e: e.add_index(Item, models.Index(fields=["name"], name="django_name"))))
step("an index ASYNC", index_async)
step("what it finds", constraints)
