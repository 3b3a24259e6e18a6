"""EC2: instances pass through pending and shutting-down, a launch token launches once, a terminated instance frees its
address, and the console says what a test says."""
import base64
import copy
from datetime import datetime, timezone

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.general import General

from .mending import later, mend

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48}
CONSOLES = {}   # instance id -> text, as a test said; empty until then, as before the first boot


def passing(instance, state, final, delay):
    """Shows one state until the delay of this name is over, then the other."""
    def enter(name):
        instance._state.name, instance._state.code = name, CODES[name]

    enter(state)
    later(delay, lambda: enter(final) if instance.state == state else None)


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
        passing(instance, "pending", "running", "boot")
    return made


@mend(Instance)
def terminate(old, self, *args, **kwargs):
    if self.state in ("shutting-down", "terminated"):
        return copy.copy(self._state)
    before = old(*args, **kwargs)
    for address in self._private_ips:
        self.ec2_backend.get_subnet(self.subnet_id).del_subnet_ip(address)
    passing(self, "shutting-down", "terminated", "shutdown")
    return before


@mend(General)
def get_console_output(_, self):
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    answer = {"InstanceId": instance.id, "Timestamp": datetime.now(timezone.utc)}
    if instance.id in CONSOLES:
        answer["Output"] = base64.b64encode(CONSOLES[instance.id].encode()).decode()
    return ActionResult(answer)
