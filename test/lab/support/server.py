# Python's http.server with what the tests need on top: the client's port in the
# log, a listen backlog for bursts, and PUT, answered with the body's SHA-256.
# usage: server.py ADDRESS PORT DIRECTORY   (ADDRESS "::" is dual-stack)
import functools
import hashlib
import http.server
import socket
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        address, port = self.client_address[:2]
        # One write, so that lines of parallel requests do not mix.
        sys.stderr.write(f"{address} {port} {format % args}\n")

    def do_GET(self):
        if not self.path.startswith("/r/"):
            return super().do_GET()
        body = b"ok\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        digest = hashlib.sha256()
        left = int(self.headers["Content-Length"])
        while left > 0:
            chunk = self.rfile.read(min(left, 65536))
            if not chunk:
                return
            digest.update(chunk)
            left -= len(chunk)
        body = digest.hexdigest().encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET

    def handle_error(self, request, client_address):
        # A health monitor's connection ends with RST: no reason for a traceback,
        # whose many writes would mix with the log's lines.
        sys.stderr.write(f"# {client_address}: {sys.exc_info()[1]!r}\n")

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


address, port, directory = sys.argv[1:4]
handler = functools.partial(Handler, directory=directory)
Server((address, int(port)), handler).serve_forever()
