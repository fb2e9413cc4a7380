# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""Sessions through a proxy, as the clients and their drivers would never do it.

usage: sessions.py compare|vanish|malformed|ahead SOCKET USER
compare: each scenario gives a client the same as a session of its own, which DIRECT_HOST, DIRECT_PORT,
    DIRECT_NAME, DIRECT_CA and DIRECT_PASSWORD lead to.  Other clients change their own sessions meanwhile.
vanish: the client leaves after each message, or in the middle of it.  Others find clean connections.
malformed: messages that lie about themselves end in an error, and only for their sender.
ahead: a client that sends for long before it reads is answered all the same.
"""
import os
import random
import sys
import threading

from protocol import (TERMINATE, Connection, batch_of, bind, close, execute, parse, query)
from scenarios import MALFORMED, SCENARIOS

failures = []


def fail(*what):
    failures.append(what)
    print("FAILED:", *what, file=sys.stderr)


def proxied(path, user):
    return Connection(path, user)


def direct(user):
    environment = os.environ
    return Connection((environment["DIRECT_HOST"], int(environment["DIRECT_PORT"])), user,
                      environment["DIRECT_PASSWORD"], environment["DIRECT_CA"], environment["DIRECT_NAME"])


def step_of(step):
    return (step, 1, "Z") if isinstance(step, bytes) else step


def play(connection, steps):
    """What each step is answered with."""
    answers = []
    for step in steps:
        data, count, last = step_of(step)
        connection.send(data)
        answers.append(connection.until(last, count))
        if answers[-1][-1][0] in ("end", "silence"):
            break
    connection.send(TERMINATE)
    connection.close()
    return answers


def interfere(connection):
    """Leaves another state on the connection to the cluster than the next client has."""
    connection.send(query("SET TIME ZONE 'Africa/Cairo'") + query("SET search_path = sys") +
                    batch_of(parse("", "SELECT 99")) + batch_of(parse("n", "SELECT 98"), close("S", "n")))
    connection.until(count=4)


def compare(path, user):
    other = proxied(path, user)
    for name, steps in SCENARIOS.items():
        expected = play(direct(user), steps)
        interfere(other)
        got = play(proxied(path, user), steps)
        if got != expected:
            fail(name, "\n  direct", expected, "\n  proxy ", got)
    return len(SCENARIOS)


def leave(path, user, steps, place, how):
    connection = proxied(path, user)
    for step in steps[:place]:
        data, count, last = step_of(step)
        connection.send(data)
        connection.until(last, count)
    data = step_of(steps[place])[0]
    connection.send(data[:random.randrange(1, len(data))] if how == "cut" else data)
    if how == "reset":
        connection.reset()
    else:
        connection.close()


def expect_clean(path, user, name):
    connection = proxied(path, user)
    answer = connection.ask("SELECT current_setting('timezone'), current_setting('search_path'), "
                            "(SELECT count(*) FROM notes WHERE id < 500)")
    rows = [body for kind, body in answer if kind == "D"]
    expect_clean.first = getattr(expect_clean, "first", rows)
    if answer[-1] != ("Z", b"I") or rows != expect_clean.first:
        fail(name, "is not forgotten:", answer)
    connection.send(TERMINATE)
    connection.close()


def vanish(path, user):
    expect_clean(path, user, "the beginning")
    count = 0
    for name, steps in SCENARIOS.items():
        for place in range(len(steps)):
            leave(path, user, steps, place, random.choice(("sent", "cut", "reset")))
            count += 1
        expect_clean(path, user, name)
    connection = proxied(path, user)
    connection.ask("DELETE FROM notes WHERE id > 500")  # what a COPY that was complete has left
    connection.close()
    return count


def malformed(path, user):
    for data in MALFORMED:
        connection = proxied(path, user)
        connection.send(data)
        connection.socket.shutdown(1)
        kinds = [kind for kind, _ in connection.until("end")]
        if kinds[-1] != "end":
            fail(data[:40], "is answered with", kinds)
        connection.close()
    expect_clean(path, user, "nonsense")
    return len(MALFORMED)


def ahead(path, user):
    """More statements in a batch than the proxy keeps track of at once."""
    statements = 50000
    connection = proxied(path, user)
    data = batch_of(parse("n", "SELECT 1"), (bind("", "n") + execute()) * statements)
    sender = threading.Thread(target=connection.send, args=(data,))
    sender.start()
    kinds = [kind for kind, _ in connection.until()]
    connection.close()
    sender.join()
    if kinds.count("D") != statements or kinds[-1] != "Z":
        fail(statements, "statements have", kinds.count("D"), "answers, and at the end", kinds[-2:])
    return statements


def main():
    work = {"compare": compare, "vanish": vanish, "malformed": malformed, "ahead": ahead}[sys.argv[1]]
    random.seed(int(os.environ.get("SEED", "1")))
    print(work(sys.argv[2], sys.argv[3]), sys.argv[1])
    return 1 if failures else 0


sys.exit(main())
