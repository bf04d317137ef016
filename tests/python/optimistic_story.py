"""Optimistic clients who type faster than the way is long: optimistic_story.py HOST:PORT [SEED].

With `restart` as a third argument it prints "restart" in the middle and waits for a line on its input: the server is
to be started again on the same port in between."""
import random
import sys

import story
from story import Room, until

from optimistic import Optimistic  # noqa: E402
from plain import Plain  # noqa: E402

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 11
PIECES = ["a", "bc", "\n", "\U0001f642", "e\u0301", "word ", "    return\n", ""]


def opened(*clients):
    until(lambda: all(client.open for client in clients), lambda: [client.error for client in clients])


def scribble(rng, client):
    """A small edit somewhere in what the client shows."""
    with client.news:
        length = len(client.text)
        offset = rng.randint(0, length)
        delete = rng.choice([0, 0, 0, 1, 2, 7])
        client.edit(offset, min(delete, length - offset), rng.choice(PIECES))


def agree(room, *clients):
    """Waits until all is saved and everybody shows it."""
    for client in clients:
        if isinstance(client, Optimistic):
            assert client.settle(), (client.error, client.sent, client.buffer)
    text, revision = room.read()
    until(lambda: all(client.revision >= revision for client in clients), lambda: [c.revision for c in clients])
    for client in clients:
        assert client.text == text, f"seed {SEED}: {client.text!r} is not {text!r}"
    return text


def typing_shows_at_once_and_everybody_agrees_in_the_end(target):
    rng = random.Random(SEED)
    room = Room(target, "story.py", "def story():\n    pass\n")
    clients = [Optimistic(target, room.id, "story.py") for _ in range(3)]
    watcher = Plain(target, room.id, "story.py")
    opened(*clients)
    with clients[0].news:
        before = clients[0].text
        clients[0].edit(0, 0, "# at once\n")
        assert clients[0].text == "# at once\n" + before
    for _ in range(4):
        for _ in range(50):
            scribble(rng, rng.choice(clients))
        agree(room, *clients, watcher)


def cuts_lose_nothing_and_double_nothing(target):
    rng = random.Random(SEED)
    room = Room(target, "story.py", "")
    client, other = (Optimistic(target, room.id, "story.py") for _ in range(2))
    opened(client, other)
    for number in range(6):
        with client.news:
            client.edit(len(client.text), 0, f"<{number}")
            client.edit(len(client.text), 0, ">")
            other.edit(rng.randint(0, len(other.text)), 0, ".")
            client.call.cancel()
        other.edit(0, 0, "!")
        until(lambda: not client.open or client.settle(0), lambda: "neither cut nor settled")
        opened(client)
    text = agree(room, client, other).replace(".", "").replace("!", "")
    assert text == "<0><1><2><3><4><5>", text


def a_refused_edit_disappears_and_what_came_after_it_stays(target):
    room = Room(target, "story.py", "one\ntwo\n")
    client = Optimistic(target, room.id, "story.py")
    opened(client)
    with client.news:
        client.edit(4, 3, "\r")
        client.edit(len(client.text), 0, "three\n")
        assert client.text == "one\n\r\nthree\n"
    assert agree(room, client) == "one\ntwo\nthree\n"


def a_second_stream_takes_the_session_over(target):
    room = Room(target, "story.py", "mine\n")
    client = Optimistic(target, room.id, "story.py")
    opened(client)
    second = Optimistic(target, room.id, "story.py")
    opened(second)
    second.call.cancel()
    second.join.CopyFrom(client.join)
    until(lambda: client.error is not None, lambda: "still in the room")
    second.edit(0, 0, "now ")
    assert agree(room, second) == "now mine\n"


def long_texts_come_in_fragments(target):
    text = "x = '\u00e9\U0001f642'\n" * 50_000
    room = Room(target, "long.py", text)
    client = Optimistic(target, room.id, "long.py")
    opened(client)
    client.edit(len(text), 0, "end\n")
    client.edit(0, 12, "")
    assert agree(room, client) == text[12:] + "end\n"


def a_restart_of_the_server_is_only_a_pause(target):
    room = Room(target, "story.py", "before\n")
    clients = [Optimistic(target, room.id, "story.py") for _ in range(2)]
    opened(*clients)
    for client in clients:
        client.edit(0, 0, "typed before. ")
    print("restart", flush=True)
    for client in clients:
        client.edit(len(client.text), 0, "typed meanwhile\n")
    sys.stdin.readline()
    text = agree(room, *clients)
    assert (text.count("typed before"), text.count("typed meanwhile")) == (2, 2), text


def tell(target):
    typing_shows_at_once_and_everybody_agrees_in_the_end(target)
    cuts_lose_nothing_and_double_nothing(target)
    a_refused_edit_disappears_and_what_came_after_it_stays(target)
    a_second_stream_takes_the_session_over(target)
    long_texts_come_in_fragments(target)
    if sys.argv[3:] == ["restart"]:
        a_restart_of_the_server_is_only_a_pause(target)


story.play(tell)
