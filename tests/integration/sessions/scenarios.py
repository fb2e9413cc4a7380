# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""What clients may send.  A step is bytes, and what must come before the next: one ReadyForQuery,
or (bytes, count, type).  The table notes (id int primary key, body text) has a few rows."""
from protocol import (COPY_DONE, FLUSH, SYNC, TERMINATE, batch_of as batch, bind, close, copy_data, copy_fail,
                      describe, execute, function_call, message, parse, query, run)


def again(name, *values):
    return batch(bind("", name, *values), execute())


LONG = "x" * 200000  # more than comes with one read, less than what is passed on unread

SCENARIOS = {
    # ---- Pipelines ----
    "error amid a pipeline": [batch(run("SELECT 1"), run("SELECT 1/0"), run("SELECT 2")), query("SELECT 3")],
    "batches ahead": [(batch(run("SELECT 1")) + batch(run("SELECT 1/0")) + batch(run("SELECT 2")), 3, "Z")],
    "error, Flush, Sync": [(run("SELECT 1/0") + FLUSH, 1, "E"), parse("x", "SELECT 1") + SYNC, again("x")],
    "Flush without Sync": [(run("SELECT 1") + FLUSH, 1, "C"), (run("SELECT 2") + FLUSH, 1, "C"), SYNC],
    "a query ends a batch": [
        run("SELECT 1") + query("SELECT 2"), run("SELECT 1/0") + query("SELECT 2") + SYNC, query("SELECT 3")
    ],
    "Sync alone": [SYNC, (SYNC + SYNC, 2, "Z"), FLUSH + SYNC],
    "a transaction ahead": [
        (batch(run("BEGIN"), run("SELECT 1")) + batch(run("COMMIT")) + query("SELECT 2"), 3, "Z")
    ],
    # ---- Prepared statements ----
    "in a failed transaction": [
        query("BEGIN"), batch(parse("a", "SELECT 1")), query("SELECT 1/0"), batch(parse("b", "SELECT 2")),
        again("a"), batch(close("S", "a")), query("ROLLBACK"), again("a"), again("b")
    ],
    "a name twice": [
        batch(parse("n", "SELECT 1")), batch(parse("n", "SELECT 2")), again("n"),
        batch(close("S", "n"), parse("n", "SELECT 3"), bind("", "n"), execute())
    ],
    "unknown names": [
        batch(close("S", "z"), close("P", "z"), close("S", "")), batch(describe("S", "z")),
        batch(describe("P", "z")), batch(execute("z")), again("z")
    ],
    "the unnamed one": [
        batch(parse("", "SELECT 1")), again(""), query("SELECT 2"), again(""), batch(parse("", "SELECT 5")),
        batch(parse("", "SELEC")), again("")
    ],
    "DEALLOCATE": [batch(parse("n", "SELECT 1"), parse("m", "SELECT 2")), query("DISCARD ALL"), again("m")],
    "long names": [batch(parse("n" * 70, "SELECT 1")), again("n" * 70), batch(close("S", "n" * 70))],
    "strange names": [batch(parse("a\"b;'", "SELECT 1")), again("a\"b;'")],
    "a long text": [
        batch(parse("long", f"SELECT length('{LONG}')")), again("long"),
        batch(run(f"SELECT length('{LONG}')")), query(f"SELECT length('{LONG}')")
    ],
    "a long text, waited for": [
        batch(run("SELECT 1"), parse("long", f"SELECT length('{LONG}')"), bind("", "long"), execute()),
        (query("BEGIN") + batch(parse("long2", f"SELECT '{LONG}'"), bind("", "long2"), execute()) + query("END"), 3, "Z")
    ],
    "a long parameter": [batch(parse("", "SELECT length($1::text)"), bind("", "", LONG * 4), execute())],
    "types": [
        batch(parse("t", "SELECT $1::int + 1", [23]), describe("S", "t")), again("t", "x"), again("t", "7")
    ],
    # ---- Portals ----
    "a portal ends with its transaction": [
        query("BEGIN"), batch(parse("", "SELECT id FROM notes ORDER BY id"), bind("p", ""), execute("p", 2)),
        batch(execute("p", 1), describe("P", "p")), query("COMMIT"), batch(execute("p", 1))
    ],
    "a portal ends at Sync": [
        batch(parse("", "SELECT id FROM notes ORDER BY id"), bind("p", ""), execute("p", 2)),
        batch(execute("p", 1))
    ],
    "a portal twice": [
        query("BEGIN"), batch(parse("", "SELECT 1"), bind("p", ""), bind("p", "")), query("ROLLBACK")
    ],
    "a portal outlives its statement": [
        query("BEGIN"),
        batch(parse("k", "SELECT id FROM notes ORDER BY id"), bind("p", "k"), execute("p", 1)),
        batch(close("S", "k")), batch(execute("p", 1)), query("END"), batch(describe("S", "k"))
    ],
    # ---- Parameters ----
    "SET in a failed block": [
        query("BEGIN"), query("SET TIME ZONE 'Asia/Tokyo'"), query("SELECT 1/0"),
        query("SET TIME ZONE 'Asia/Oslo'"), query("COMMIT"), query("SHOW timezone")
    ],
    "SET LOCAL": [
        query("BEGIN"), query("SET TIME ZONE 'Europe/Rome'"), query("SET LOCAL timezone = 'Asia/Tokyo'"),
        query("COMMIT"), query("SHOW timezone"), query("SET LOCAL timezone = 'Asia/Tokyo'"),
        query("SHOW timezone")
    ],
    "SET and an error": [
        batch(run("SET search_path = pg_catalog"), run("SELECT 1/0")), query("SHOW search_path"),
        query("SET search_path = pg_catalog; SELECT 1/0"), query("SHOW search_path")
    ],
    "RESET": [
        query("SET search_path = sys"), query("RESET search_path"), query("SHOW search_path"),
        query("SET search_path = sys"), query("BEGIN"), query("RESET ALL"), query("ROLLBACK"),
        query("SHOW search_path"), query("RESET ALL"), query("SHOW search_path")
    ],
    "set_config": [
        query("BEGIN"), query("SELECT set_config('search_path', 'sys', true)"), query("COMMIT"),
        query("SHOW search_path")
    ],
    # ---- COPY ----
    "COPY in": [
        (query("COPY notes FROM STDIN"), 1, "G"), copy_data("501\ta\n502\tb\n") + COPY_DONE,
        query("DELETE FROM notes WHERE id > 500"), (query("COPY notes FROM STDIN"), 1, "G"),
        copy_data("503\ta\n") + copy_fail("no"), (query("COPY notes FROM STDIN"), 1, "G"),
        copy_data("x\n") + COPY_DONE, (query("COPY notes FROM STDIN"), 1, "G"),
        (SYNC + FLUSH + copy_data("x\n") * 3, 1, "Z"), copy_data("y") + COPY_DONE + query("SELECT 1")
    ],
    "COPY in, extended": [
        (batch(run("COPY notes FROM STDIN")), 1, "G"), copy_fail("no") + SYNC,
        (run("COPY notes FROM STDIN") + FLUSH, 1, "G"), copy_data("bad\n") + COPY_DONE + SYNC,
        query("SELECT 1"), run("COPY notes FROM STDIN") + copy_data("bad\n") + COPY_DONE + SYNC
    ],
    "COPY in, ahead": [
        (query("COPY notes FROM STDIN") + copy_data("e\n") + COPY_DONE + query("SELECT 1"), 2, "Z"),
        (query("COPY nothing FROM STDIN") + copy_data("1\n") + COPY_DONE + query("SELECT 1"), 2, "Z")
    ],
    "COPY out": [
        query("COPY (SELECT 1 / (3 - id) FROM notes ORDER BY id) TO STDOUT"),
        (batch(run("COPY (SELECT 1) TO STDOUT"), run("SELECT 2")) + query("SELECT 3"), 2, "Z")
    ],
    "CopyData without COPY": [
        copy_data("x") + COPY_DONE + copy_fail("y") + query("SELECT 1"), query("BEGIN"),
        copy_data("x") + COPY_DONE + query("END")
    ],
    # ---- What else ----
    "many statements": [
        query("SELECT 1; SELECT 2; SELECT 1/0; SELECT 3"), query("BEGIN; SELECT 1; COMMIT; SELECT 2"),
        query(""), query(";;"), query("-- x")
    ],
    "FunctionCall": [
        function_call(1317, b"abc"), query("SELECT 1"), function_call(99999999, b"abc"), query("BEGIN"),
        (run("SELECT 1") + function_call(1317, b"abc") + SYNC, 2, "Z"), query("ROLLBACK")
    ],
    "rows, then an error": [
        query("SELECT repeat('x', 3000), 1 / (40 - i) FROM generate_series(1, 60) i"), query("SELECT 1")
    ],
    "cursors, LISTEN, temporary tables": [
        query("BEGIN"), query("DECLARE c CURSOR WITH HOLD FOR SELECT 1"), query("ROLLBACK"),
        query("LISTEN a"), query("CREATE TEMPORARY TABLE t (a int)"), query("SELECT 1")
    ],
    "Terminate amid a batch": [(run("SELECT 1") + TERMINATE, 1, "end")],
}

# Each is sent in a session; the error is the last of it, or ReadyForQuery follows.
MALFORMED = [message(kind)[:1] + length + b"abcdefgh" for kind in (b"Q", b"P", b"B", b"S", b"d")
             for length in (b"\0\0\0\0", b"\0\0\0\3", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\xa0\0\5")]
MALFORMED += [message(kind) + SYNC + query("SELECT 1") for kind in (b"Q", b"P", b"B", b"D", b"E", b"C", b"F", b"f", b"p")]
MALFORMED += [message(bytes([kind]), b"abcd") for kind in range(0, 256, 5) if bytes([kind]) not in b"QPBDECSHFdcfX"]
MALFORMED += [
    message(b"Q", b"SELECT 1"), message(b"Q", b"SELECT 1\0SELECT 2\0"), message(b"P", b"abc") + SYNC,
    message(b"P", b"\0SELECT 1\0\x01\xf4") + SYNC, message(b"B", b"x" * 70000) + SYNC,
    parse("", "SELECT 1") + message(b"B", b"\0\0\0\5\0\0\0\0") + SYNC,
    parse("", "SELECT $1") + message(b"B", b"\0\0\0\0\0\1\x7f\xff\xff\xffx\0\0") + SYNC,
    parse("", "SELECT $1") + message(b"B", b"\0\0\0\0\0\1\xff\xff\xff\xfbx\0\0") + SYNC,
    message(b"E", b"abc") + SYNC, message(b"S", b"x") + SYNC, message(b"H", b"x") + SYNC,
    message(b"D", b"Qx\0") + SYNC, message(b"D", b"S" + b"n" * 9000 + b"\0") + SYNC, message(b"F", b"\0\0"),
]
