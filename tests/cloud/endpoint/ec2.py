"""EC2: instances pass through pending and shutting-down, a launch token launches once, a terminated instance frees its
address, and the console says what a test says."""
import base64
import copy
from datetime import datetime, timezone

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociationBackend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.general import General
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from .mending import HOSTS, LOCK, later, mend

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
# instance id -> text that EC2 kept of the last boot, as a test or the host said; nothing until then.
CONSOLES = {}
# instance id -> text that stands there now, where a test said so; none where the type of instance cannot tell it.
SCREENS = {}
# instance id -> what EC2 says of its machine, where a test said so: {"system": impaired since, "instance": the same, "events":
# [[code, description, not before]]}; times are seconds.
CHECKS = {}


def moment(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


def checked(name):
    """moto's machines are always well."""
    old = getattr(Instance, f"{name}_status").fget

    def status(self):
        since = CHECKS.get(self.id, {}).get(name)
        if since is None:
            return old(self)
        detail = {"Name": "reachability", "Status": "failed", "ImpairedSince": moment(since)}
        return {"Details": [detail], "Status": "impaired"}
    setattr(Instance, f"{name}_status", property(status))


checked("system")
checked("instance")
Instance.events = property(lambda self: [
    {"Code": code, "Description": words, "NotBefore": moment(start)}
    for code, words, start in CHECKS.get(self.id, {}).get("events", [])])


def enter(instance, name):
    instance._state.name, instance._state.code = name, CODES[name]


def passing(instance, state, final, delay):
    """Shows one state until the delay of this name is over, then the other."""
    enter(instance, state)
    later(delay, lambda: enter(instance, final) if instance.state == state else None)


def boot(instance):
    """Pending until it runs: for a while, or until its host is up."""
    def up(console):
        with LOCK:
            CONSOLES[instance.id] = console
            if instance.state == "pending":
                enter(instance, "running")

    enter(instance, "pending")
    if not any(hosts.boot(instance, up) for hosts in HOSTS):
        passing(instance, "pending", "running", "boot")


@mend(TaggedEC2Resource)
def get_tags(_, self):
    """moto looks through the tags of everything there is, for each thing once more: minutes for some thousands."""
    tags = self.ec2_backend.tags.get(self.id) or {}
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if tags else ""
    return [{"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in tags.items()]


def crowd(instance_id, count):
    """So many more like an instance, without addresses of their own: launching thousands takes moto minutes. Gives their
    ids."""
    backend = next(b for account in list(ec2_backends.values()) for b in list(account.values())
                   if any(i.id == instance_id for i in b.all_instances()))
    reservation = next(r for r in backend.reservations.values() if any(i.id == instance_id for i in r.instances))
    like, made = backend.get_instance(instance_id), []
    for number in range(count):
        other = copy.copy(like)
        other.id = f"{instance_id[:-4]}{number:04x}"
        backend.tags[other.id] = dict(backend.tags[instance_id])
        made.append(other)
    with LOCK:
        reservation.instances.extend(made)
    return [other.id for other in made]


@mend(InstanceBackend)
def run_instances(old, self, image_id, count, user_data, security_group_names, **more):
    token, seen = more.get("client_token"), self.__dict__.setdefault("_tokens", {})
    token = None if token == "ABCDE" else token     # ABCDE stands for none
    asked = (image_id, count, more.get("instance_type"), more.get("subnet_id"), more.get("key_name"))
    if token in seen:
        if seen[token][0] != asked:
            raise EC2ClientError("IdempotentParameterMismatch", "The token was used by a request with other parameters")
        return seen[token][1]
    for name in security_group_names:
        if self.get_security_group_by_name_or_id(name) is None:
            raise InvalidSecurityGroupNotFoundError(name)
    if image_id in self.amis and self.amis[image_id].state != "available":
        raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")
    made = old(image_id, count, user_data, security_group_names, **more)
    if token is not None:
        seen[token] = (asked, made)
    for instance in made.instances:
        boot(instance)
    return made


@mend(IamInstanceProfileAssociationBackend)
def associate_iam_instance_profile(old, self, instance_id, **profile):
    """Asked twice with one token moto gives the profile twice, and refuses the second."""
    return self.iam_instance_profile_associations.get(instance_id) or old(instance_id, **profile)


@mend(Instance)
def terminate(old, self, *args, **kwargs):
    if self.state in ("shutting-down", "terminated"):
        return copy.copy(self._state)
    before = old(*args, **kwargs)
    for address in self._private_ips:
        self.ec2_backend.get_subnet(self.subnet_id).del_subnet_ip(address)
    passing(self, "shutting-down", "terminated", "shutdown")
    for hosts in HOSTS:
        hosts.down(self)
    return before


@mend(Instance)
def reboot(old, self, *args, **kwargs):
    for hosts in HOSTS:
        hosts.reboot(self)
    return old(*args, **kwargs)


@mend(Instance)
def stop(old, self, *args, **kwargs):
    if self.state in ("shutting-down", "terminated"):
        raise EC2ClientError("IncorrectInstanceState", f"This instance '{self.id}' is not in a state from which it can be stopped.")
    was = self.state
    before = old(*args, **kwargs)
    if was != "stopped":
        passing(self, "stopping", "stopped", "shutdown")
        for hosts in HOSTS:
            hosts.stop(self)
    return before


@mend(General)
def get_console_output(_, self):
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    answer = {"InstanceId": instance.id, "Timestamp": datetime.now(timezone.utc)}
    text = CONSOLES.get(instance.id)
    if self._get_bool_param("Latest", False):
        text = SCREENS[instance.id] if instance.id in SCREENS else next((h.console(instance) for h in HOSTS), text)
        if text is None and instance.id in SCREENS:
            raise EC2ClientError("UnsupportedOperation", "This instance type does not support retrieving the latest console logs.")
    if text is not None:
        answer["Output"] = base64.b64encode(text.encode()).decode()
    return ActionResult(answer)
