"""One side of a SCRAM exchange by scramp, the messages on standard input and output, one a line.

scramp_peer.py client|server mechanism binding-data-in-hex-or-nothing
"""

import sys

from scramp import ScramClient, ScramException, ScramMechanism

role, mechanism, binding = sys.argv[1:4]
binding = ("tls-server-end-point", bytes.fromhex(binding)) if binding else None
user, password = "tim, the = enchanter", "tanstaaf"


def read():
    return sys.stdin.readline().rstrip("\n")


def write(message):
    print(message, flush=True)


try:
    if role == "client":
        client = ScramClient([mechanism], user, password, channel_binding=binding)
        write(client.get_client_first())
        client.set_server_first(read())
        write(client.get_client_final())
        client.set_server_final(read())
    else:
        keys = ScramMechanism(mechanism).make_auth_info(password)
        server = ScramMechanism(mechanism).make_server(lambda name: {user: keys}[name], channel_binding=binding)
        server.set_client_first(read())
        write(server.get_server_first())
        server.set_client_final(read())
        write(server.get_server_final())
    write("content")
except ScramException as error:
    write(f"failed: {error}")
