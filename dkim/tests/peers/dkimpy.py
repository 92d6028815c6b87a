"""Signs and verifies files with dkimpy: one process for many. The names of the files come on standard input.

dkimpy.py verify KEYS                                      prints pass or fail for each file
dkimpy.py sign KEYFILE SELECTOR ALGORITHM HEADER BODY [l]  writes FILE.signed, with the field before the message

A file that dkimpy takes for no message fails, and is not signed.
"""

import sys

import dkim


def records(path):
    with open(path) as lines:
        return dict(line.rstrip("\n").split(" ", 1) for line in lines)


def verify(keys_path):
    keys = records(keys_path)

    def ask(name, timeout=5):
        record = keys.get(name.decode().rstrip("."))
        return record and record.encode()

    for path in sys.stdin.read().split():
        with open(path, "rb") as file:
            message = file.read()
        try:
            print("pass" if dkim.verify(message, dnsfunc=ask) else "fail")
        except dkim.MessageFormatError:
            print("fail")


def sign(key_path, selector, algorithm, header, body, length=None):
    with open(key_path, "rb") as file:
        key = file.read()
    for path in sys.stdin.read().split():
        with open(path, "rb") as file:
            message = file.read()
        try:
            field = dkim.sign(
                message,
                selector.encode(),
                b"example.com",
                key,
                canonicalize=(header.encode(), body.encode()),
                signature_algorithm=algorithm.encode(),
                length=length is not None,
            )
        except dkim.MessageFormatError:
            continue
        with open(path + ".signed", "wb") as file:
            file.write(field + message)


{"verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])
