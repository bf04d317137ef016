"""Two plain clients and a plain-speaking server: plain_story.py HOST:PORT."""
import story
import stubs
from story import Room, until

from plain import Plain  # noqa: E402
from tandem.v1 import collaboration_pb2 as pb  # noqa: E402


def append(line):
    return lambda text: (len(text), 0, line)


def last_receipt(client):
    until(lambda: client.op_id in client.receipts, lambda: "no receipt")
    return client.receipts[client.op_id]


def two_people_write_at_once(target):
    room = Room(target, "story.txt", "once\r\nupon\n")
    shown = []
    anna, boris = Plain(target, room.id, "story.txt", shown.append), Plain(target, room.id, "story.txt")
    until(lambda: anna.text is not None and boris.text is not None, lambda: "not opened")
    assert anna.text == "once\nupon\n", anna.text
    for number in range(20):
        anna.edit(append(f"anna {number} \U0001f469\u200d\U0001f4bb\n"))
        boris.edit(lambda text: (0, 1, f"b{number}\n\U0001f43b"))
    assert last_receipt(anna).state == last_receipt(boris).state == pb.RECEIPT_STATE_COMMITTED
    until(lambda: anna.revision == boris.revision == room.read()[1], lambda: (anna.revision, boris.revision, room.read()))
    assert anna.text == boris.text == room.read()[0], (anna.text, boris.text, room.read()[0])
    lines = anna.text.splitlines()
    assert [line for line in lines if line.startswith("anna")] == [f"anna {n} \U0001f469\u200d\U0001f4bb" for n in range(20)]
    assert shown[0] == "once\nupon\n" and shown[-1] == anna.text


def a_refused_edit_changes_nothing_and_the_session_goes_on(target):
    room = Room(target, "story.txt", "short")
    client = Plain(target, room.id, "story.txt")
    for change, reason in [
        ((6, 0, "x"), "OFFSET_PAST_END"),
        ((0, 6, ""), "OFFSET_PAST_END"),
        ((0, 0, "a\r\n"), "CARRIAGE_RETURN"),
        ((0, 0, "\0"), "NUL"),
    ]:
        client.edit(lambda text: change)
        receipt = last_receipt(client)
        assert receipt.state == pb.RECEIPT_STATE_REFUSED and stubs.reason(receipt.error) == reason, receipt
        assert client.text == room.read()[0] == "short"
    client.edit(append(" and sweet"))
    until(lambda: client.text == "short and sweet", lambda: client.text)


def a_long_text_comes_in_fragments(target):
    text = "0123456789 \u00e9\U0001f642\n" * 40_000
    room = Room(target, "long.txt", text)
    client = Plain(target, room.id, "long.txt")
    client.edit(append("end"))
    until(lambda: client.text == text + "end", lambda: len(client.text or ""))
    assert room.read()[0] == text + "end"


def tell(target):
    two_people_write_at_once(target)
    a_refused_edit_changes_nothing_and_the_session_goes_on(target)
    a_long_text_comes_in_fragments(target)


story.play(tell)
