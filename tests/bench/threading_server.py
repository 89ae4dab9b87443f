"""Sends each line back, with a thread for each client.

Run it:          python3 tests/bench/threading_server.py PORT
Its counterpart: echo_socketserver.c, the same in C
"""

import socketserver
import sys


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline(65536):
            self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128  # as in C


with Server(("127.0.0.1", int(sys.argv[1])), Echo) as server:
    server.serve_forever()
