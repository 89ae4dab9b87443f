"""ftps.py - a session with an FTP server under TLS, step by step: for the scenarios of lesson 12.

python_ftp of ftp.bash runs a script with these words. A step that does not come true ends it with
one line.
"""
import os
import socket
import ssl
import sys

HOST, PORT = sys.argv[1], int(sys.argv[2])
TIMEOUT = 10


def fail(text):
    sys.exit(text)


def make_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = make_context()  # of all sessions: only so can one resume what another has begun


def raw(connection):
    """The TCP connection below TLS: what is sent there is not encrypted."""
    return socket.socket(fileno=os.dup(connection.fileno()))


class Session:
    def __init__(self, secure=True, user=None, context=CONTEXT):
        self.context = context
        self.control = socket.create_connection((HOST, PORT), TIMEOUT)
        self.buffer = b""
        self.reply(220)
        if secure:
            self.ask(234, "AUTH TLS")
            self.handshake()
        if user:
            self.login(user)

    def handshake(self, session=None):
        self.control = self.context.wrap_socket(self.control, session=session)

    def login(self, user, private=True):
        self.ask(331, "USER " + user)
        self.ask(230, "PASS secret")
        self.ask(200, "TYPE I")
        if private:
            self.ask(200, "PBSZ 0")
            self.ask(200, "PROT P")

    def line(self):
        while b"\r\n" not in self.buffer:
            received = self.control.recv(4096)
            if not received:
                return None
            self.buffer += received
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        print(line.decode(), flush=True)
        return line.decode()

    def reply(self, code):
        line = self.line()
        if line is None or not line.startswith(str(code)):
            fail("%s was to come, and %s came" % (code, line))
        while not line.startswith(str(code) + " "):
            line = self.line()
        return line

    def ask(self, code, command):
        self.control.sendall(command.encode() + b"\r\n")
        return self.reply(code)

    def connect(self):
        """The data connection, still without TLS."""
        port = int(self.ask(229, "EPSV").split("|||")[1].split("|")[0])
        return socket.create_connection((HOST, port), TIMEOUT)

    def transfer(self, command, session="own", context=None):
        """Begins a transfer, with a data connection that resumes a session: its own, another one, or None."""
        data = self.connect()
        self.ask(150, command)
        if session == "own":
            session = self.control.session
        return (context or self.context).wrap_socket(data, session=session)

    def put(self, path, content, **how):
        data = self.transfer("STOR " + path, **how)
        data.sendall(content)
        finish(data)
        self.reply(226)

    def get(self, path, **how):
        data = self.transfer("RETR " + path, **how)
        content = receive_all(data)
        data.close()
        self.reply(226)
        return content


def finish(data):
    """Declares the end, and does not look for the server's."""
    try:
        data.unwrap()
    except (ssl.SSLError, OSError):
        pass
    data.close()


def receive_all(data):
    content = b""
    while True:
        received = data.recv(65536)
        if not received:
            return content
        content += received


def wait_until(condition):
    import time

    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            fail("it did not come true in time")
        time.sleep(0.01)


def has_bytes(path, count):
    return os.path.exists(path) and os.path.getsize(path) == count


def ends(session):
    """Whether the server ends the connection."""
    try:
        while session.control.recv(4096):
            pass
    except OSError as error:
        return not isinstance(error, socket.timeout)
    return True
