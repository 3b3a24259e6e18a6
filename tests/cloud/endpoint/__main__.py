"""python -m endpoint [--hosts NAME]: serves until standard input closes, so that it never outlives whoever started it.

Prints one line, `ready PORT`, when it answers. The port is an ephemeral one on 127.0.0.1. With --hosts, instances that
are launched boot as real hosts beside the environment NAME of tests/lab, and load balancers ask them.
"""
import os
import sys
import threading

os.environ.setdefault("MOTO_ENABLE_AMI_VALIDATION", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")     # names are validated at once

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import cloudfront, cloudwatch, groups, images, mending, quotas, templates  # noqa: F401: they mend moto
from .front import Front

if sys.argv[1:2] == ["--hosts"]:
    from .hosts import Hosts
    mending.HOSTS.append(Hosts(sys.argv[2]))

front = Front(cloudwatch.Cbor(DomainDispatcherApplication(create_backend_app)))
threading.Thread(target=front.serve_forever, daemon=True).start()
threading.Thread(target=mending.clock, daemon=True).start()
print(f"ready {front.server_address[1]}", flush=True)
os.dup2(2, 1)       # nobody reads further, and what moto prints must not fail
sys.stdin.buffer.read()
os._exit(0)
