#!/usr/bin/env python3
"""The plain client: shows what it receives, has one edit on its way, transforms nothing.
plain.py HOST:PORT ROOM PATH prints the file at every change and adds each line of its input to the file's end."""
import queue, sys, threading
import grpc
from tandem.v1 import collaboration_pb2 as pb, collaboration_service_pb2 as rpc, collaboration_service_pb2_grpc as service


class Plain:
    def __init__(self, target, room, path, show=lambda text: None):
        self.path, self.show, self.text, self.parts = path, show, None, b""
        self.revision, self.op_id, self.on_its_way, self.receipts = 0, 0, False, {}
        self.news, self.outbox = threading.Condition(), queue.SimpleQueue()
        self.send(join={"room": room, "name": "plain", "open": [{"path": path}]})
        stub = service.CollaborationServiceStub(grpc.insecure_channel(target))
        threading.Thread(target=self.receive, args=[stub.Collaborate(iter(self.outbox.get, None))], daemon=True).start()

    def send(self, **message):
        self.outbox.put(rpc.CollaborateRequest(message=pb.ClientMessage(**message)))

    def receive(self, stream):
        for response in stream:
            with self.news:
                self.take(response.message)
                self.news.notify_all()

    def take(self, message):
        kind = message.WhichOneof("kind")
        body = getattr(message, kind or "joined")
        if kind in ("opened", "resync"):  # a whole text
            self.text = body.text
        elif kind == "edited":  # anybody's edit, our own included: nothing else changes the text
            for c in reversed(body.changes):
                self.text = self.text[: c.offset] + c.insert + self.text[c.offset + c.delete :]
        elif kind == "receipt":
            self.receipts[body.op_id], self.on_its_way = body, False
        elif kind == "fragment":  # a part of a long message
            self.parts += body.data
            if body.last:
                whole, self.parts = self.parts, b""
                self.take(pb.ServerMessage.FromString(whole))
        if kind in ("opened", "resync", "edited"):
            self.revision = body.revision
            self.show(self.text)

    def edit(self, change):
        """Sends an edit once none is on its way; change makes (offset, delete, insert) of the text."""
        with self.news:
            self.news.wait_for(lambda: self.text is not None and not self.on_its_way)
            self.op_id, self.on_its_way = self.op_id + 1, True
            change = dict(zip(("offset", "delete", "insert"), change(self.text)))
            self.send(edit=pb.Edit(op_id=self.op_id, path=self.path, base_revision=self.revision, changes=[change]))


if __name__ == "__main__":
    client = Plain(*sys.argv[1:4], show=lambda text: print(text, end="\n---\n", flush=True))
    for line in sys.stdin:
        client.edit(lambda text: (len(text), 0, line))
    with client.news:
        client.news.wait_for(lambda: not client.on_its_way)
