"""An HTTP server on the loopback that drops, stalls, lies and redirects, as told by the path.

  /ok/NAME          the file, with an ETag and ranges
  /norange/NAME     the whole file whatever range was asked for
  /noetag/NAME      ranges, but nothing that identifies the file
  /drop/N/NAME      closes the connection after N bytes of each answer; /dropnoetag/ without an ETag
  /slow/NAME        a piece every twentieth of a second
  /stall/N/NAME     after N bytes of the first answer nothing more comes; later ones are whole
  /stuck/NAME       nothing ever comes
  /short/NAME       says that the file is longer than it is, and ends
  /long/NAME        says that it is shorter than it is
  /huge/NAME        sends without end and without a length
  /wrong/NAME       as long as the file, but other bytes
  /changing/NAME    drops halfway; the second answer is another file with another ETag
  /badrange/NAME    answers a range with another one
  /busy/N/NAME      503 with Retry-After, N times
  /missing/NAME     404
  /loop/NAME        redirects to itself
  /to/KIND/NAME     redirects to file://, ftp:// or /ok/
"""

import http.server
import socket
import threading
import time


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files      # by name
        self.log = []           # (path, Range, If-Range, bytes to send)
        self.counts = {}
        self.hold = threading.Event()  # set: slow answers end
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients that go away are part of the game

    def count(self, path):
        self.counts[path] = self.counts.get(path, 0) + 1
        return self.counts[path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        words = self.path.strip("/").split("/")
        getattr(self, "serve_" + words[0])(self.server.files.get(words[-1], b""), words)

    def begin(self, content, etag='"v1"', ranges=True, length=None, status=None):
        """Sends the headers; returns the bytes that belong behind them."""
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, etag)
        start = 0
        if ranges and asked and fresh and etag is not None:
            start = int(asked.removeprefix("bytes=").split("-")[0])
        if start >= len(content) > 0:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return b""
        body = content[start:]
        self.send_response(status or (206 if start else 200))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        return body

    def log(self, body):
        """Before the first byte of it: when the client has the last one, the test reads the log."""
        self.server.log.append((self.path, self.headers.get("Range"), self.headers.get("If-Range"), len(body)))

    def send(self, body):
        self.log(body)
        self.wfile.write(body)

    def drop(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def serve_ok(self, content, words):
        self.send(self.begin(content))

    def serve_norange(self, content, words):
        self.send(self.begin(content, ranges=False))

    def serve_noetag(self, content, words):
        self.send(self.begin(content, etag="", ranges=True))

    def serve_drop(self, content, words):
        self.send(self.begin(content)[:int(words[1])])
        self.drop()

    def serve_dropnoetag(self, content, words):
        self.send(self.begin(content, etag="")[:int(words[1])])
        self.drop()

    def serve_stall(self, content, words):
        body = self.begin(content)
        if self.server.count(self.path) > 1:
            self.send(body)
            return
        self.send(body[:int(words[1])])
        self.wfile.flush()
        self.server.hold.wait(30)
        self.close_connection = True

    def serve_stuck(self, content, words):
        self.log(b"")
        self.server.hold.wait(30)
        self.close_connection = True

    def serve_slow(self, content, words):
        """A piece every twentieth of a second: time enough to be killed in between."""
        body = self.begin(content)
        self.log(body)
        for begin in range(0, len(body), 20_000):
            if self.server.hold.is_set():
                return
            self.wfile.write(body[begin:begin + 20_000])
            self.wfile.flush()
            time.sleep(0.05)

    def serve_short(self, content, words):
        self.send(self.begin(content, length=len(content) + 1000, ranges=False))
        self.drop()

    def serve_long(self, content, words):
        self.send(self.begin(content, length=len(content) // 2, ranges=False))
        self.drop()

    def serve_huge(self, content, words):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(10_000):
                self.wfile.write(b"x" * 65536)
        finally:
            self.drop()

    def serve_wrong(self, content, words):
        self.send(self.begin(bytes(255 - byte for byte in content), etag='"w"'))

    def serve_changing(self, content, words):
        if self.server.count(self.path) == 1:
            self.send(self.begin(b"?" * len(content), etag='"old"')[:len(content) // 2])
            self.drop()
            return
        self.send(self.begin(content, etag='"new"'))

    def serve_badrange(self, content, words):
        if "Range" not in self.headers:
            self.send(self.begin(content)[:len(content) // 2])
            self.drop()
            return
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 7-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - 7))
        self.end_headers()
        self.send(content[7:])

    def serve_busy(self, content, words):
        if self.server.count(self.path) <= int(words[1]):
            self.send_response(503)
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"busy")
            return
        self.send(self.begin(content))

    def serve_missing(self, content, words):
        self.send_response(404)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"not found")

    def redirect(self, where):
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve_loop(self, content, words):
        self.server.count(self.path)
        self.redirect(self.path)

    def serve_to(self, content, words):
        targets = {"file": "file:///etc/passwd", "ftp": "ftp://127.0.0.1/x", "ok": f"/ok/{words[-1]}"}
        self.redirect(targets[words[1]])
