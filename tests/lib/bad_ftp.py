"""bad_ftp.py FAULT FILE...: an FTP server for one client after the other, which has these files and one fault.

    digest    what HASH tells is not the digest of the file
    address   PASV names another machine (EPSV is unknown)
    names     the names in a listing lead elsewhere, or have control characters; so do its replies
    breaks    a file breaks off in its middle, with a reset
    half      a file breaks off in its middle, with an orderly end; only the reply tells, for SIZE and HASH are unknown
    long      the answer to PWD is a line that is too long
    stranger  in active mode, somebody else connects before the server does
    injected  a reply in clear stands behind the 234 to AUTH TLS
    closes    it closes the connection behind the login
    pieces    each byte of a reply comes alone, and replies have several lines
"""
import hashlib
import os
import socket
import struct
import sys
import time

fault, files = sys.argv[1], sys.argv[2:]
listener = socket.create_server(("127.0.0.1", 0))
print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)


def serve(control):
    control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    commands = control.makefile("rb")
    waiting = active = None

    def reply(text):
        data = (text + "\r\n").encode("latin-1")
        if fault == "pieces":
            for byte in data:
                control.sendall(bytes([byte]))
                time.sleep(0.0005)
        else:
            control.sendall(data)

    def open_data():
        if active is None:
            connection, peer = waiting.accept()
            print("data connection from", peer[0], flush=True)
        elif fault == "stranger":
            with socket.create_connection(active, source_address=("127.0.0.2", 0)) as stranger:
                stranger.sendall(b"evil\n")
            connection = socket.create_connection(active)
        else:
            connection = socket.create_connection(active)
        return connection

    def receive(path, at):
        reply("150 send it")
        with open_data() as connection, open(path, "ab") as file:
            file.truncate(at)
            data = connection.makefile("rb").read()
            file.write(data)
        print("stored:", len(data), "bytes", flush=True)
        reply("226 done")

    def send(data):
        reply("150 here it comes")
        connection = open_data()
        if fault == "breaks":
            connection.sendall(data[: len(data) // 2])
            time.sleep(0.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            reply("426 broken off")
            return
        if fault == "half":
            connection.sendall(data[: len(data) // 2])
            connection.close()
            reply("451 the disk has failed")
            return
        connection.sendall(data)
        connection.close()
        reply("226 done")

    reply("220-welcome\r\n 220 is no end here\r\n220 USER, please" if fault == "pieces" else "220 USER, please")
    at = 0
    while line := commands.readline().decode("latin-1").rstrip("\r\n"):
        print("command:", line.encode("unicode_escape").decode(), flush=True)
        verb, _, word = line.partition(" ")
        if verb == "USER":
            reply("331 PASS, please")
        elif verb == "PASS":
            reply("230 welcome")
            if fault == "closes":
                return
        elif verb == "AUTH":
            control.sendall(b"234 go on\r\n" + b"230 you are in\r\n" * (fault == "injected"))
        elif verb == "FEAT" and fault == "half":
            reply("211-these\r\n REST STREAM\r\n211 End")
        elif verb == "PWD" and fault == "long":
            reply('257 "/' + "x" * 100000 + '"')
        elif verb == "FEAT":
            reply("211-these\r\n HASH SHA-256*\r\n MLST type*;size*;\r\n SIZE\r\n REST STREAM\r\n211 End")
        elif verb == "PASV" or (verb == "EPSV" and fault != "address"):
            waiting, active = socket.create_server(("127.0.0.1", 0)), None
            port = waiting.getsockname()[1]
            where = "127,0,0,9" if fault == "address" else "127,0,0,1"
            reply(f"229 listening (|||{port}|)" if verb == "EPSV" else f"227 listening ({where},{port >> 8},{port & 255})")
        elif verb == "EPRT":
            active = ("127.0.0.1", int(word.split("|")[3]))
            reply("200 done")
        elif verb == "REST":
            at = int(word)
            reply("350 from there")
        elif verb == "RETR" and word in files:
            send(b"evil\n" if fault == "names" else open(word, "rb").read()[at:])
            at = 0
        elif verb == "STOR" and word in files:
            receive(word, at)
            at = 0
        elif verb == "SIZE" and word in files and fault != "half":
            reply(f"213 {os.path.getsize(word)}")
        elif verb == "MLSD":
            names = ["../outside", "a/b", ".profile", "e\x1b[31mvil"] if fault == "names" else files
            send("".join(f"type=file;size=3; {name}\r\n" for name in names).encode("latin-1"))
        elif verb == "HASH" and word in files:
            data = open(word, "rb").read() + b"x" * (fault == "digest")
            reply(f"213 SHA-256 0-{len(data)} {hashlib.sha256(data).hexdigest()} {word}")
        elif verb in ("TYPE", "OPTS", "NOOP"):
            reply("200 done")
        elif verb == "QUIT":
            reply("221 good bye")
            return
        elif fault == "names":
            reply("500 \x1b[31mno\rsuch")
        else:
            reply("500 no")


while True:
    connection, _ = listener.accept()
    try:
        serve(connection)
    except OSError as error:
        print(error, flush=True)
    connection.close()
