# SPDX-License-Identifier: BSD-2-Clause
"""What a browser does with `causeway web`, without one: a WebSocket client of the standard library's sockets."""

import base64
import http.client
import json
import os
import socket
import struct
import subprocess
import time
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class Server:
    """`causeway web`, and requests to it."""

    def __init__(self, tool, folder, *options):
        self.process = subprocess.Popen([tool, "web", "--dir", folder, *options], stdout=subprocess.PIPE, encoding="utf-8")
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.url
        self.host = urlsplit(self.url).netloc
        self.path = urlsplit(self.url).path

    def get(self, path, **headers):
        """Status and body."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def tab(self, **headers):
        return Tab(self, headers)

    def close(self):
        self.process.terminate()
        assert self.process.wait(60) == 0
        self.process.stdout.close()


class Tab:
    """A tab: what it has been told so far."""

    def __init__(self, server, headers):
        host, port = server.host.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.bytes = b""
        self.system = None
        self.top = None
        self.events = []
        self.consoles = {}
        self.done = 0
        self.is_closed = False
        path = headers.pop("path", server.path + "socket")
        lines = {"Host": server.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": "causeway",
                 "Origin": f"http://{server.host}", **headers}
        self.socket.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode())
        while b"\r\n\r\n" not in self.bytes:
            got = self.socket.recv(4096)
            assert got, "the connection is closed"
            self.bytes += got
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def say(self, data):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        length = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        self.socket.sendall(bytes([0x80 | BINARY]) + length + mask + masked)

    def console(self, name):
        return self.system["consoles"].index(name)

    def guest(self, name):
        return next(guest for guest in self.system["guests"] if guest["name"] == name)

    def command(self, name, verb):
        verbs = ["start", "stop", "reset", "pause", "resume"]
        self.say(bytes([ord("V"), self.system["guests"].index(self.guest(name)), verbs.index(verb)]))

    def until(self, holds, seconds=300):
        """Take messages until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline and not self.is_closed, (self.system, self.events[-5:], self.consoles)
            self.pump()

    def pump(self):
        """Take a message, or what there is of one."""
        while not self.frame():
            self.socket.settimeout(1)
            try:
                got = self.socket.recv(65536)
            except socket.timeout:
                return
            if got == b"":
                self.is_closed = True
                return
            self.bytes += got

    def frame(self):
        """Take a message from what has come. False: there is no whole one."""
        if len(self.bytes) < 2:
            return False
        head, length = 2, self.bytes[1] & 127
        if length >= 126:
            head, pattern = (4, "!H") if length == 126 else (10, "!Q")
            if len(self.bytes) < head:
                return False
            (length,) = struct.unpack(pattern, self.bytes[2:head])
        if len(self.bytes) < head + length:
            return False
        kind, data = self.bytes[0] & 15, self.bytes[head:head + length]
        self.bytes = self.bytes[head + length:]
        self.take(kind, data)
        return True

    def take(self, kind, data):
        if kind == CLOSE:
            self.is_closed = True
        elif kind == BINARY:
            index, text = data[1], data[2:].decode("utf-8", "replace")
            if data[:1] == b"D":
                self.consoles[index] = self.consoles.get(index, "") + text
            elif data[:1] == b"R":
                self.consoles[index] = ""
            else:
                self.done += 1
        elif kind == TEXT:
            message = json.loads(data)
            if message["kind"] == "system":
                self.system = message
            elif message["kind"] == "top":
                self.top = message["top"]
            else:
                self.events.append(message["text"])

    def close(self):
        self.socket.close()
