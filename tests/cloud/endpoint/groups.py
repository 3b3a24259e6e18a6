"""Requests about groups and launch configurations: what moto leaves out, and the refusals that AWS gives."""
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse as Response
from moto.core.responses import ActionResult

from .autoscaling import ACTIVITIES, reconcile, terminate
from .mending import LOCK, mend


def the_group(response):
    name = response._get_param("AutoScalingGroupName")
    if name not in response.autoscaling_backend.autoscaling_groups:
        raise ValidationError("AutoScalingGroup name not found - null")
    return response.autoscaling_backend.autoscaling_groups[name]


def check_configuration(response):
    name = response._get_param("LaunchConfigurationName")
    if name and name not in response.autoscaling_backend.launch_configurations:
        raise ValidationError(f"Launch configuration name not found - A launch configuration with the name: {name} does not exist")


@mend(Response)
def describe_scaling_activities(_, self):
    found = ACTIVITIES.get(self._get_param("AutoScalingGroupName"), [])
    return ActionResult({"Activities": found[:self._get_int_param("MaxRecords") or 100]})


@mend(Response)
def create_launch_configuration(old, self):
    name = self._get_param("LaunchConfigurationName")
    if name in self.autoscaling_backend.launch_configurations:
        raise AutoscalingClientError("AlreadyExists", f"Launch Configuration by this name already exists - {name}")
    return old()


@mend(Response)
def delete_launch_configuration(old, self):
    name = self._get_param("LaunchConfigurationName")
    check_configuration(self)
    for group in self.autoscaling_backend.autoscaling_groups.values():
        if not group.ec2_launch_template and group.launch_configuration_name == name:
            raise AutoscalingClientError("ResourceInUse", f"Cannot delete launch configuration {name} because it is attached to {group.name}")
    return old()


@mend(Response)
def create_auto_scaling_group(old, self):
    check_configuration(self)
    return old()


@mend(Response)
def suspend_processes(old, self):
    the_group(self)
    return old()


@mend(Response)
def resume_processes(old, self):
    group = the_group(self)
    answer = old()
    with LOCK:
        reconcile(group)
    return answer


@mend(Response)
def set_desired_capacity(old, self):
    group, wanted = the_group(self), self._get_int_param("DesiredCapacity")
    for word, limit, wrong in (("above max", group.max_size, wanted > group.max_size), ("below min", group.min_size, wanted < group.min_size)):
        if wrong:
            raise ValidationError(f"New SetDesiredCapacity value {wanted} is {word} value {limit} for the AutoScalingGroup.")
    return old()


@mend(Response)
def update_auto_scaling_group(old, self):
    check_configuration(self)
    group, wanted, policies = the_group(self), self._get_int_param("DesiredCapacity"), self._get_param("TerminationPolicies")
    low, high = self._get_int_param("MinSize"), self._get_int_param("MaxSize")
    low, high = group.min_size if low is None else low, group.max_size if high is None else high
    if low > high or wanted is not None and not low <= wanted <= high:
        raise ValidationError(f"Desired capacity:{wanted} must be between the specified min size:{low} and max size:{high}")
    named = any(self._get_param(name) for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy"))
    with LOCK:
        mixed = group.mixed_instances_policy
        answer = old()
        if self._get_param("LaunchConfigurationName"):
            group.ec2_launch_template = None
        if not named:
            group.mixed_instances_policy = mixed        # moto forgets it with every update
        if policies:
            group.termination_policies = policies
    return answer


@mend(Response)
def terminate_instance_in_auto_scaling_group(_, self):
    instance_id, shrink = self._get_param("InstanceId"), self._get_bool_param("ShouldDecrementDesiredCapacity", False)
    groups = self.autoscaling_backend.autoscaling_groups.values()
    with LOCK:
        found = [(g, m) for g in groups for m in g.instance_states if m.instance_id == instance_id]
        if not found:
            raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
        group, member = found[0]
        if shrink and group.desired_capacity <= group.min_size:
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement will "
                "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
                "group's min size.")
        group.desired_capacity -= shrink
        done = terminate(group, member, "a user request")
        reconcile(group)
    return ActionResult({"Activity": done})
