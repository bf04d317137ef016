"""Generates the clients' stubs when they are needed and puts them, and the reference clients, on the path."""
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "proto", ROOT / "tests" / "proto"]


def load():
    """Makes `import tandem.v1...`, `import plain` and `import optimistic` work."""
    files = [(source, file) for source in SOURCES for file in sorted(source.rglob("*.proto"))]
    content = hashlib.sha256(b"".join(file.read_bytes() for _, file in files)).hexdigest()[:16]
    stubs = ROOT / "target" / "python-stubs" / f"{sys.version_info.major}.{sys.version_info.minor}-{content}"
    if not stubs.is_dir():
        generate(stubs, [str(file.relative_to(source)) for source, file in files])
    sys.path[:0] = [str(stubs), str(ROOT / "docs" / "clients")]


def generate(stubs, names):
    import grpc_tools
    from grpc_tools import protoc

    stubs.parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(dir=stubs.parent)
    includes = [*SOURCES, pathlib.Path(grpc_tools.__file__).parent / "_proto"]
    arguments = [f"-I{include}" for include in includes]
    if protoc.main(["protoc", *arguments, f"--python_out={folder}", f"--grpc_python_out={folder}", *names]) != 0:
        raise SystemExit("the stubs could not be generated")
    try:
        os.rename(folder, stubs)
    except OSError:  # another run was faster
        shutil.rmtree(folder)


def reason(status):
    """The reason that a google.rpc.Status carries."""
    from google.rpc import error_details_pb2

    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return None
