"""Images: pending while they are made, and one of a name."""
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.amis import AmisResponse

from .mending import HOSTS, later, mend


@mend(AmisResponse)
def create_image(old, self):
    name, backend = self._get_param("Name"), self.ec2_backend
    for image in backend.amis.values():
        if image.name == name and image.owner_id == backend.account_id:
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image.id}")
    instance = backend.get_instance(self._get_param("InstanceId"))
    if instance.state not in ("running", "stopped"):
        raise EC2ClientError("IncorrectState", f"The instance '{instance.id}' is in state {instance.state}")
    result = old()
    image = backend.amis[result.result["ImageId"]]
    image.state = "pending"
    def done(state="available"):
        image.state = state

    reboots = not self._get_bool_param("NoReboot", False)
    if not any(hosts.snapshot(instance, image.id, reboots, done) for hosts in HOSTS):
        later("image", done)
    return result
