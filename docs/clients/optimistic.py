#!/usr/bin/env python3
"""The optimistic client: its own edits show at once. One edit is on its way, what is typed meanwhile waits in a
buffer, and others' edits are carried in between. It comes back by itself after a cut.
optimistic.py HOST:PORT ROOM PATH prints the file at every change and adds each line of its input to the file's end.

It shows the committed text, then the edit on its way, then the buffer. An edit is a list of changes
(offset, delete, insert) in ascending order; proto/tandem/v1/text.proto has the rules that carry() follows."""
import os, queue, sys, threading, time
import grpc
from tandem.v1 import collaboration_pb2 as pb, collaboration_service_pb2 as rpc, collaboration_service_pb2_grpc as service

FINAL = (grpc.StatusCode.ABORTED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED)


def apply(text, edit):
    for offset, delete, insert in reversed(edit):
        text = text[:offset] + insert + text[offset + delete :]
    return text


def compose(first, second):
    """One edit that does first, then second. Neighbouring changes become one, empty ones none."""
    spans, at = [], 0  # the text after first: ranges kept of the text before it, and inserted strings
    for offset, delete, insert in first:
        spans += [range(at, offset), insert]
        at = offset + delete
    spans.append(range(at, 1 << 62))  # past the end of every text
    for offset, delete, insert in reversed(second):
        start = cut(spans, offset)
        spans[start : cut(spans, offset + delete)] = [insert]
    edit, at, insert = [], 0, ""
    for span in filter(len, spans):
        if isinstance(span, str):
            insert += span
        else:
            if insert or span.start > at:
                edit.append((at, span.start - at, insert))
            at, insert = span.stop, ""
    return edit


def cut(spans, offset):
    """The index of the span that begins at offset; a span that goes over it is cut in two."""
    for index, span in enumerate(spans):
        if offset == 0:
            return index
        if offset < len(span):
            spans[index : index + 1] = [span[:offset], span[offset:]]
            return index + 1
        offset -= len(span)
    return len(spans)


def carry(edit, over, left=False):
    """The edit, made for the same text as over, so that it can follow over. Where both insert at one place it stands
    right of what over inserted; or left of it: for an earlier edit that is carried over a later one."""

    def place(at, left):
        to = at
        for offset, delete, insert in over:
            if offset < at or (offset == at and not left):
                to += len(insert) - min(delete, at - offset)
        return to

    carried, over = [], compose(over, [])
    for offset, delete, insert in compose(edit, []):
        carried.append((place(offset, left), 0, insert))
        at, end = offset, offset + delete
        for start, gone, _ in over + [(end, 0, "")]:  # what over has left of the deleted range
            if at < (stop := min(start, end)):
                carried.append((place(at, False), stop - at, ""))
            at = max(at, start + gone)
    return compose(carried, [])


def invert(edit, text):
    """What takes the edit back, for the text after it."""
    back, shift = [], 0
    for offset, delete, insert in edit:
        back.append((offset + shift, len(insert), text[offset : offset + delete]))
        shift += len(insert) - delete
    return back


class Optimistic:
    def __init__(self, target, room, path, show=lambda text: None):
        self.target, self.join, self.path, self.show = target, pb.Join(room=room, name="optimistic"), path, show
        self.committed, self.revision, self.open, self.error = "", 0, False, None  # the committed text at a revision
        self.sent, self.pending, self.buffer, self.op_id = None, [], [], 0  # sent as it went out; pending as it is now
        self.receipt, self.file_id, self.parts, self.delay, self.call = None, "", b"", 0, None
        self.news = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def text(self):
        return apply(apply(self.committed, self.pending), self.buffer)

    def edit(self, offset, delete, insert):
        """Changes the text that is shown, at once; the server hears of it when the way is free."""
        with self.news:
            self.buffer = compose(self.buffer, [(offset, delete, insert)])
            self.advance()
            self.show(self.text)

    def settle(self, seconds=30):
        """Waits until every edit has its receipt."""
        with self.news:
            return self.news.wait_for(lambda: self.open and not self.sent and not self.buffer, seconds)

    def send(self, **message):
        self.outbox.put(rpc.CollaborateRequest(message=pb.ClientMessage(**message)))

    def run(self):
        stub = service.CollaborationServiceStub(grpc.insecure_channel(self.target))
        while not self.error:
            time.sleep(self.delay)
            self.outbox, self.parts, self.delay = queue.SimpleQueue(), b"", 1
            again = pb.Join(last_revision=self.revision, open=[{"path": self.path, "after_revision": self.revision}])
            again.MergeFrom(self.join)
            self.send(join=again)
            try:
                self.call = stub.Collaborate(iter(self.outbox.get, None))
                for response in self.call:
                    with self.news:
                        self.take(response.message)
                        self.news.notify_all()
            except grpc.RpcError as error:
                self.error = error if error.code() in FINAL else None  # then self.text is a draft
            with self.news:
                self.open = False
                self.outbox.put(None)

    def take(self, message):
        kind = message.WhichOneof("kind")
        body = getattr(message, kind or "joined")
        if kind == "joined":
            self.join = pb.Join(resume_token=body.resume_token)
        elif kind == "opened":
            self.file_id, self.open = body.file.file_id, True
            if not body.resumed:
                self.restart(body.text, body.revision)
            if self.sent:  # under its old op_id: if it was committed already, its receipt comes again
                self.send(edit=self.sent)
        elif kind == "resync":
            self.restart(body.text, body.revision)
        elif kind == "edited" and body.revision > self.revision:
            self.edited([(c.offset, c.delete, c.insert) for c in body.changes], body)
        elif kind == "receipt" and self.sent and body.op_id == self.sent.op_id:
            self.receipt = body
        elif kind == "goodbye":  # the stream ends now; its error says whether to come back
            self.delay = body.retry_delay.ToMilliseconds() / 1000
        elif kind == "fragment":  # a part of a long message
            self.parts += body.data
            if body.last:
                whole, self.parts = self.parts, b""
                self.take(pb.ServerMessage.FromString(whole))
        if kind in ("opened", "resync", "edited", "receipt", "checkpoint"):
            self.conclude(body.revision if kind == "checkpoint" else self.revision)
            self.advance()
            self.show(self.text)

    def edited(self, changes, body):
        if self.sent and body.op_id == self.sent.op_id:
            self.sent, self.receipt, self.pending = None, None, []  # what was pending is in the committed text now
        else:
            self.over(changes)
        self.committed, self.revision = apply(self.committed, changes), body.revision

    def over(self, changes):
        """Carries what is not committed over a committed edit."""
        later = carry(changes, self.pending, left=True)
        self.pending, self.buffer = carry(self.pending, changes), carry(self.buffer, later)

    def conclude(self, upto):
        """Forgets the edit on its way if no edited follows its receipt: refused, without effect, or sent up to here."""
        told = self.receipt
        if told and (told.state == pb.RECEIPT_STATE_REFUSED or told.revision <= upto or not self.pending):
            self.buffer = carry(self.buffer, invert(self.pending, self.committed))
            self.sent, self.receipt, self.pending = None, None, []

    def restart(self, text, revision):
        """Takes a whole text as one edit from what is held to it: of what lies between equal ends."""
        start = len(os.path.commonprefix([self.committed, text]))
        end = len(os.path.commonprefix([self.committed[start:][::-1], text[start:][::-1]]))
        self.over([(start, len(self.committed) - start - end, text[start : len(text) - end])])
        self.committed, self.revision = text, revision

    def advance(self):
        if self.open and not self.sent and self.buffer:
            self.op_id, self.pending, self.buffer = self.op_id + 1, self.buffer, []
            changes = [dict(zip(("offset", "delete", "insert"), change)) for change in self.pending]
            self.sent = pb.Edit(op_id=self.op_id, file_id=self.file_id, base_revision=self.revision, changes=changes)
            self.send(edit=self.sent)


if __name__ == "__main__":
    client = Optimistic(*sys.argv[1:4], show=lambda text: print(text, end="\n---\n", flush=True))
    for line in sys.stdin:
        client.edit(len(client.text), 0, line)
    client.settle()
