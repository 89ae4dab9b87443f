"""asyncore_server.py - sends back what comes, on Python's asyncore (up to Python 3.11).

Run it:  python3 -W ignore tests/bench/asyncore_server.py 10000
"""
import asyncore
import sys


class EchoHandler(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(8192)
        if data:
            self.send(data)


class EchoServer(asyncore.dispatcher):
    def __init__(self, host, port):
        asyncore.dispatcher.__init__(self)
        self.create_socket()
        self.set_reuse_addr()
        self.bind((host, port))
        self.listen(4096)

    def handle_accepted(self, sock, addr):
        EchoHandler(sock)


server = EchoServer("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0)
print("listening on %s:%d" % server.socket.getsockname(), flush=True)
asyncore.loop(use_poll=True)
