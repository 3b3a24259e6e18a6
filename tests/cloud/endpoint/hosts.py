"""Real hosts for instances: what is launched boots beside an environment of tests/lab, from nothing where its image is a
distribution's; images are copies of disks, and load balancers ask the servers themselves."""
import http.client
import os
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from moto.elb.models import elb_backends

from . import elb
from .mending import LOCK

LAB = Path(__file__).resolve().parents[2] / "lab"
STATE = Path(os.environ.get("LAB_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quarterdeck-lab")
EVERY = 0.5         # seconds between two health checks of a server
AGREEING = 2        # so many answers in a row change a server's state


def script(name, *arguments, **more):
    """One of the lab's scripts: (whether it went well, what it printed)."""
    done = subprocess.run([LAB / name, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "LAB_DIR": str(STATE), **more})
    if done.returncode:
        print(f"{name} {arguments}: {done.returncode}", file=sys.stderr)
    return done.returncode == 0, done.stdout


def distributions(instance):
    """Whether an instance's image is a distribution's, with nothing on it."""
    image = instance.ec2_backend.amis.get(instance.image_id)
    return image is not None and "ubuntu" in (image.name or "")


def volumes(instance):
    """The disks of data that an instance was launched with: (device, GB)."""
    disks = getattr(instance, "block_device_mapping", {})
    return [(device, disk.size) for device, disk in disks.items() if device != instance.root_device_name and disk.size]


def volume(host, device):
    """The kit's name for it."""
    return f"{host}-{Path(device).name}"


class Hosts:
    """The hosts of one environment: those that were there, and one for each instance launched since."""

    def __init__(self, name):
        self.name, self.folder = name, STATE / "environments" / name
        lines = (self.folder / "hosts").read_text().split("\n")
        self.there = dict(line.split() for line in lines if line)      # address -> db-primary, web1, …
        self.web = script("services", "layer", "web")[1].strip()
        self.layers, self.queues, self.answers, self.asking = {}, {}, {}, set()
        self.pool = ThreadPoolExecutor(8)
        threading.Thread(target=self.watch, daemon=True).start()

    def host(self, instance):
        """The kit's name for an instance's host; the environment's own hosts are called by their place in it."""
        return f"{self.name}-{self.there.get(instance.private_ip, instance.id)}"

    def later(self, instance, work):
        """What happens to one instance happens in order."""
        self.queues.setdefault(instance.id, ThreadPoolExecutor(1)).submit(work)

    def boot(self, instance, up):
        """Boots a host for an instance, and tells when it is up. False for the environment's own hosts."""
        if instance.private_ip in self.there:
            return False
        name, address = self.host(instance), instance.private_ip

        def work():
            layer = self.layers.get(instance.image_id, "" if distributions(instance) else self.web)
            if script("hosts", "up", name, address, layer, LAB_HOSTNAME=f"ip-{address.replace('.', '-')}",
                      LAB_HOSTS=str(self.folder / "hosts"), LAB_INSTANCE=instance.id)[0]:
                for device, size in volumes(instance):
                    script("hosts", "attach", name, volume(name, device), device, str(size))
                up(self.console(instance))

        self.later(instance, work)
        return True

    def console(self, instance):
        """What stands on the console of an instance's host now; none if it has no host."""
        try:
            return (STATE / "hosts" / self.host(instance) / "console").read_text()
        except FileNotFoundError:
            return None

    def down(self, instance):
        name = self.host(instance)
        self.there.pop(instance.private_ip, None)       # whoever has the address next is another host

        def work():
            script("hosts", "down", name)
            for device, _ in volumes(instance):
                script("hosts", "rm-volume", volume(name, device))

        self.later(instance, work)

    def reboot(self, instance):
        name = self.host(instance)
        self.later(instance, lambda: script("hosts", "reboot", name))

    def stop(self, instance):
        name = self.host(instance)
        self.later(instance, lambda: script("hosts", "stop", name))

    def snapshot(self, instance, image, reboots, done):
        """Makes a disk for an image, and tells when it is there."""
        name = self.host(instance)

        def work():
            well, _ = script("hosts", "snapshot", name, image, *(["-r"] if reboots else []))
            self.layers[image] = image
            done("available" if well else "failed")

        with open(self.folder / "images", "a") as kept:
            kept.write(image + "\n")
        self.later(instance, work)
        return True

    def watch(self):
        """Asks every server that is registered somewhere, as its load balancer would."""
        while True:
            time.sleep(EVERY)
            with LOCK:
                backends = [b for account in list(elb_backends.values()) for b in list(account.values())]
                balancers = [(b, lb) for b in backends for lb in b.load_balancers.values()]
                due = {i: (elb.instance_of(b, i), lb.health_check) for b, lb in balancers for i in lb.instance_ids}
            for instance_id, (instance, check) in due.items():
                if instance is not None and check is not None and instance_id not in self.asking:
                    self.asking.add(instance_id)
                    self.pool.submit(self.ask, instance, check)

    def ask(self, instance, check):
        target, well = urlsplit("//host:" + check.target.split(":", 1)[1]), False      # HTTPS:443/healthcheck.html
        try:
            connection = http.client.HTTPSConnection(instance.private_ip, target.port, timeout=3,
                                                     context=ssl._create_unverified_context())
            connection.request("GET", target.path, headers={"User-Agent": "ELB-HealthChecker/1.0"})
            well = connection.getresponse().status == 200
            connection.close()
        except (OSError, http.client.HTTPException):
            pass
        row = self.answers.setdefault(instance.id, [])
        row[:] = [*row, well][-AGREEING:]
        if row == [well] * AGREEING:
            elb.FORCED[instance.id] = "InService" if well else "OutOfService"
        self.asking.discard(instance.id)
