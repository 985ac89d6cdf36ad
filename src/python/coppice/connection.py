"""The socket to the worker: length-prefixed JSON, checkpoint bytes in a file descriptor beside it (PROTOCOL.md)."""

import array
import json
import mmap
import os
import select
import socket
import struct
import tempfile

PROTOCOL = 1
MAX_FRAME_BYTES = 1 << 20
MAX_ERROR_CHARS = 2000


class Connection:
    """Messages in, messages out; one thread at a time."""

    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)
        self._socket.set_inheritable(False)
        self._buffer = bytearray()
        self._fds = []
        self._orders = []
        self._questions = []
        self._stopped = None  # the segment that the last `stop` named
        self._exit = False
        # A forked child (a data loader) must neither speak for us nor keep the connection open.
        os.register_at_fork(after_in_child=self._close)

    def _close(self):
        self._exit = True
        self._socket.close()

    # What the worker wants.

    def next_order(self):
        """The next segment to train, as a dict (`checkpoint`: bytes or None); None: exit."""
        while not self._exit and not self._orders:
            self._receive()
        return None if self._exit else self._orders.pop(0)

    def next_question(self):
        """The next question to an explorer, as a dict; None: exit."""
        while not self._exit and not self._questions:
            self._receive()
        return None if self._exit else self._questions.pop(0)

    def stopped(self, segment):
        """Whether segment is to end after the step under way."""
        self._poll()
        return self._exit or self._stopped == segment

    def exiting(self):
        return self._exit

    def _poll(self):
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN)
        while not self._exit and poller.poll(0):
            self._receive()

    def _receive(self):
        room = socket.CMSG_SPACE(4 * array.array("i").itemsize)
        try:
            data, control, _, _ = self._socket.recvmsg(65536, room)
        except ConnectionError:
            data, control = b"", []
        for level, kind, content in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
                for fd in fds:
                    os.set_inheritable(fd, False)
                    self._fds.append(fd)
        if not data:
            self._exit = True
            return
        self._buffer += data
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from("<I", self._buffer)
            if len(self._buffer) < 4 + length:
                break
            message = json.loads(bytes(self._buffer[4 : 4 + length]))
            del self._buffer[: 4 + length]
            self._on_message(message)

    def _on_message(self, message):
        kind = message.get("type")
        if kind == "run":
            size = message.get("checkpoint_bytes")
            message["checkpoint"] = None if size is None else _read_all(self._fds.pop(0), size)
            self._orders.append(message)
        elif kind == "explore":
            self._questions.append(message)
        elif kind == "stop":
            self._stopped = message["segment"]
        elif kind == "exit":
            self._exit = True

    # What we say.

    def hello(self, form, **more):
        self._send({"type": "hello", "protocol": PROTOCOL, "form": form, **more, "client": "coppice-python"})

    def report(self, segment, step, metrics):
        self._send({"type": "report", "segment": segment, "step": step, "metrics": metrics})

    def saved(self, segment, step, blob):
        view = _as_bytes(blob)
        fd = _shared_memory()
        try:
            at = 0
            while at < len(view):
                at += os.write(fd, view[at : at + (1 << 30)])
            self._send({"type": "saved", "segment": segment, "step": step, "bytes": len(view)}, fd)
        finally:
            os.close(fd)

    def ended(self, segment, step, done, seconds):
        self._send({"type": "ended", "segment": segment, "step": step, "done": done, "seconds": seconds})

    def failed(self, segment, error):
        self._send({"type": "failed", "segment": segment, "error": error[:MAX_ERROR_CHARS]})

    def answer(self, question, params):
        self._send({"type": "answer", "question": question, "params": params})

    def no_answer(self, question, error):
        self._send({"type": "failed", "question": question, "error": error[:MAX_ERROR_CHARS]})

    def _send(self, message, fd=None):
        body = json.dumps(message, allow_nan=False).encode()
        if len(body) > MAX_FRAME_BYTES:
            raise ValueError(f"a message of {len(body)} bytes is too long: at most {MAX_FRAME_BYTES} go at once")
        frame = memoryview(struct.pack("<I", len(body)) + body)
        control = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        try:
            sent = self._socket.sendmsg([frame], control)
            self._socket.sendall(frame[sent:])
        except ConnectionError:
            self._exit = True  # the worker is gone


def _as_bytes(blob):
    """Any buffer as a flat view of bytes."""
    if isinstance(blob, str):
        raise TypeError("save() returned text, not bytes: encode it")
    try:
        view = memoryview(blob)
    except TypeError:
        raise TypeError(f"save() must return bytes or a buffer, not {type(blob).__name__}") from None
    if view.c_contiguous and view.nbytes > 0:
        return view.cast("B")
    return memoryview(view.tobytes())


def _shared_memory():
    """A file without a name, to be handed to the worker."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("coppice-checkpoint", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    # Some Pythons are built for systems older than memfd_create.
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.dup(file.fileno())


def _read_all(fd, size):
    try:
        if size == 0:
            return b""
        with mmap.mmap(fd, size, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE) as mapped:
            return mapped[:]
    finally:
        os.close(fd)
