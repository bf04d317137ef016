"""What the stories share: calls on a room, and waiting for facts."""
import sys
import time
import uuid

import grpc
import stubs

stubs.load()
from tandem.v1 import file_service_pb2, file_service_pb2_grpc  # noqa: E402
from tandem.v1 import room_service_pb2, room_service_pb2_grpc  # noqa: E402

SECONDS = 30


class Room:
    """A room made for one story."""

    def __init__(self, target, path, text):
        channel = grpc.insecure_channel(target)
        self.files = file_service_pb2_grpc.FileServiceStub(channel)
        rooms = room_service_pb2_grpc.RoomServiceStub(channel)
        request = room_service_pb2.CreateRoomRequest(files=[{"path": path, "text": text}], request_id=str(uuid.uuid4()))
        self.id = rooms.CreateRoom(request, timeout=SECONDS, wait_for_ready=True).room.room_id
        self.path = path

    def read(self):
        """The file's committed text and revision."""
        request = file_service_pb2.ReadFileRequest(room=self.id, path=self.path)
        parts = list(self.files.ReadFile(request, timeout=SECONDS))
        return "".join(part.text for part in parts), parts[0].revision


def until(fact, told, seconds=SECONDS):
    """Waits for a fact, and fails telling how things are instead."""
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, f"not within {seconds} s: {told()}"
        time.sleep(0.005)


def play(story):
    """Plays a story against the server named on the command line; the exit code tells how it went."""
    try:
        story(sys.argv[1])
    except BaseException as failure:
        print(f"the story failed: {failure!r}", file=sys.stderr)
        raise
    print("the story went well")
