"""Auto Scaling: members keep what they were launched from, pass through Pending and Terminating, spread over zones and
join load balancers once; suspended processes, termination policies and health are obeyed; what a group does stands in
its activities."""
import time
import uuid
from datetime import datetime, timezone

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend
from moto.autoscaling.models import FakeAutoScalingGroup as Group
from moto.autoscaling.models import InstanceState as Member
from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException

from . import elb
from .mending import LOCK, TICKS, later, mend

ACTIVITIES = {}     # group name -> newest first
DIFFERENCE = "a difference between desired and actual capacity"


RETRY_SECONDS = 1   # after a launch that failed


def record(group, what, cause, **more):
    at = datetime.now(timezone.utc)
    done = {"ActivityId": str(uuid.uuid4()), "AutoScalingGroupName": group.name, "Cause": cause, "Details": "{}",
            "Description": what, "StartTime": at, "EndTime": at, "StatusCode": "Successful", "Progress": 100, **more}
    ACTIVITIES.setdefault(group.name, []).insert(0, done)
    return done


def launched_from(group):
    """(launch configuration, None), or (None, template with its version as a number)."""
    template = group.ec2_launch_template
    if not template:
        return group.launch_configuration_name, None
    version = group.launch_template_version
    moving = {"$Latest": template.latest_version_number, "$Default": template.default_version_number}
    return None, {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name,
                  "Version": str(moving.get(version, version))}


def is_suspended(group, process):
    return process in getattr(group, "_suspended_processes", [])


@mend(Member)
def __init__(old, self, *args, **kwargs):
    old(*args, **kwargs)
    group = self.auto_scaling_group
    self.source, self.born, self.joined = launched_from(group), time.monotonic(), set()
    # Those launched while it is suspended are never registered by the group.
    self.stays_out = is_suspended(group, "AddToLoadBalancer")
    self.lifecycle_state = "InService" if self.instance.is_running() else "Pending"
    record(group, f"Launching a new EC2 instance: {self.instance_id}", DIFFERENCE)


Member.launch_configuration_name = property(lambda member: member.source[0])
Member.launch_template = property(lambda member: member.source[1])
OWN_TEMPLATE = Group.launch_template
# A group with a mixed instances policy names its template there only.
Group.launch_template = property(lambda group: None if group.mixed_instances_policy else OWN_TEMPLATE.fget(group))
Group.active_instances = lambda group: [m for m in group.instance_states if m.lifecycle_state in ("InService", "Pending")]
Group.suspended_processes = property(
    lambda group: [{"ProcessName": p, "SuspensionReason": f"User suspended at {at}"} for p, at in group._suspended_processes.items()],
    # Those that were suspended before keep their time.
    lambda group, names: setattr(group, "_suspended_processes", {
        name: getattr(group, "_suspended_processes", {}).get(name, datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        for name in sorted(names)}))


@mend(Group)
def replace_autoscaling_group_instances(_, group, count, tags):
    """Launches so many members, each where the fewest are."""
    if is_suspended(group, "Launch"):
        return
    configuration = None if group.ec2_launch_template else group.launch_config
    template = launched_from(group)[1]
    subnets = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
    places = subnets or group.availability_zones
    taken = [m.instance.subnet_id if subnets else m.availability_zone for m in group.active_instances()]
    for place in places:
        # All members of one place at once; moto is slow per request for instances.
        share = [p for p in spread(places, taken, count) if p == place]
        if not share:
            continue
        made = group.ec2_backend.run_instances(
            group.image_id, len(share), group.user_data, group.security_groups, instance_type=group.instance_type,
            tags={"instance": {**tags, **group.instance_tags, ASG_NAME_TAG: group.name}}, launch_config=configuration,
            launch_template=template and {k: template[k] for k in ("LaunchTemplateId", "Version")},
            placement=None if subnets else place, subnet_id=place if subnets else None, is_instance_type_default=False)
        for instance in made.instances:
            instance.autoscaling_group = group
            group.instance_states.append(
                Member(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in))


def spread(places, taken, count):
    """Where the next `count` members go, given where the others are."""
    taken, out = list(taken), []
    for _ in range(count):
        out.append(min(places, key=taken.count))
        taken.append(out[-1])
    return out


@mend(Group)
def set_desired_capacity(_, group, wanted):
    with LOCK:
        group.desired_capacity = group.min_size if wanted is None else wanted
        reconcile(group)


def reconcile(group):
    """Launches what is missing and terminates what is too much, as far as the group may."""
    active, wanted = group.active_instances(), group.desired_capacity or 0
    if len(active) < wanted and time.monotonic() >= getattr(group, "retry_at", 0):
        try:
            group.replace_autoscaling_group_instances(wanted - len(active), group.get_propagated_tags())
        except ServiceException as error:
            group.retry_at = time.monotonic() + RETRY_SECONDS
            record(group, "Launching a new EC2 instance", DIFFERENCE, StatusCode="Failed", StatusMessage=f"{error.message} Launching EC2 instance failed.")
    elif len(active) > wanted and not is_suspended(group, "Terminate"):
        for member in victims(group, active)[:len(active) - wanted]:
            terminate(group, member, f"a desired capacity of {wanted}")
    if group.name in group.autoscaling_backend.autoscaling_groups:
        group.autoscaling_backend.update_attached_elbs(group.name)
        group.autoscaling_backend.update_attached_target_groups(group.name)


def victims(group, members):
    """Who goes first, by the first of the group's policies."""
    now, policy = launched_from(group), (group.termination_policies or ["Default"])[0]
    key = {"OldestInstance": lambda m: m.born, "NewestInstance": lambda m: -m.born}.get(
        policy, lambda m: (m.source == now, m.born))
    return sorted((m for m in members if not m.protected_from_scale_in), key=key)


def terminate(group, member, cause):
    """Takes a member out of its load balancers; once requests under way have ended it is gone. Gives the activity."""
    member.lifecycle_state = "Terminating"
    balancers = list(group.autoscaling_backend.elb_backend.load_balancers.values())
    for balancer in balancers:
        elb.leave(balancer, member.instance_id)

    def gone():
        if any(elb.is_draining(balancer, member.instance) for balancer in balancers):
            return later("leave", gone)
        with LOCK:
            group.instance_states = [m for m in group.instance_states if m is not member]
            group.ec2_backend.terminate_instances([member.instance_id])

    later("leave", gone)
    return record(group, f"Terminating EC2 instance: {member.instance_id}", cause)


@mend(AutoScalingBackend)
def attach_instances(old, backend, *args, **kwargs):
    """What is wanted and who is there change at once: in between the clock would launch as many more."""
    with LOCK:
        return old(*args, **kwargs)


@mend(AutoScalingBackend)
def update_attached_elbs(_, backend, name):
    """A member that goes into service is registered, once: whoever deregisters it by hand has the last word."""
    group = backend.autoscaling_groups[name]
    ready = [m for m in group.instance_states if m.lifecycle_state == "InService" and not m.stays_out]
    for balancer in filter(None, map(backend.elb_backend.load_balancers.get, group.load_balancer_names or [])):
        for member in ready:
            if balancer.name not in member.joined:
                member.joined.add(balancer.name)
                elb.join(balancer, member.instance_id, "instance_autoscaling_ids")


@mend(AutoScalingBackend)
def notify_terminate_instances(_, backend, ids):
    """Somebody terminated members behind the group's back: it notices by itself."""
    with LOCK:
        for group in backend.autoscaling_groups.values():
            for member in [m for m in group.instance_states if m.instance_id in ids]:
                member.health_status = "Unhealthy"


def is_unhealthy(backend, group, member):
    if member.health_status == "Unhealthy" or member.instance.state not in ("pending", "running"):
        return True
    judged = time.monotonic() - member.born > (group.health_check_grace_period or 0)
    return group.health_check_type == "ELB" and judged and elb.has_failed(
        backend.elb_backend, group.load_balancer_names, member.instance)


def tick():
    """Pending members whose instance runs go into service, unhealthy ones are replaced, missing ones launched."""
    for backend in [b for account in list(autoscaling_backends.values()) for b in list(account.values())]:
        for group in list(backend.autoscaling_groups.values()):
            with LOCK:
                for member in group.instance_states:
                    if member.lifecycle_state == "Pending" and member.instance.is_running():
                        member.lifecycle_state = "InService"
                if not is_suspended(group, "HealthCheck"):
                    for member in group.active_instances():
                        if is_unhealthy(backend, group, member):
                            member.health_status = "Unhealthy"
                            if not is_suspended(group, "ReplaceUnhealthy"):
                                terminate(group, member, "an instance was taken out of service in response to a health check")
                reconcile(group)


TICKS.append(tick)
