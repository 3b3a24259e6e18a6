#!/usr/bin/env python3
"""Makes environments as FabulAWS leaves them, over the wire, and prints what it made as one JSON document.

  AWS_ENDPOINT_URL=http://127.0.0.1:PORT seed.py --envs staging,production --web 4 --launch lt --behind 1
"""
import argparse
import json
import time
from datetime import datetime, timedelta, timezone

from client import client

ZONES = ["us-east-1a", "us-east-1c"]
TYPES = {"cache": "t3.small", "db-primary": "m5.large", "db-replica": "m5.large", "web": "t3.medium", "worker": "m5.large"}
PORTS = {"web": (80, 443), "db": (5432,), "cache": (11211,), "queue": (5672,), "session": (6379,), "worker": ()}
GROUPS_OF = {"db-primary": ["db"], "db-replica": ["db"], "cache": ["session", "cache", "queue"], "worker": ["worker"],
             "web": ["web"]}
OLD, NEW = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"


ec2, autoscaling, elb, cloudwatch = map(client, ("ec2", "autoscaling", "elb", "cloudwatch"))


def tags(**pairs):
    return [{"Key": k, "Value": v} for k, v in pairs.items()]


def tagged(deployment, env, role, **more):
    return tags(deployment=deployment, environment=env, role=role, Name=f"{deployment}_{env}_{role}", **more)


def default_vpc():
    return ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]


def security_groups(deployment, vpc):
    def make(name):
        return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    ids = {"": make(f"{deployment}-sg")} | {name: make(f"{deployment}-{name}-sg") for name in PORTS}
    for name, ports in PORTS.items():
        for port in ports:
            ec2.authorize_security_group_ingress(GroupId=ids[name], IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    return ids


def base_image():
    return ec2.describe_images(Filters=[{"Name": "name", "Values": ["*ubuntu*"]}])["Images"][0]["ImageId"]


def run(image, kind, pairs, count=1, groups=(), zone=ZONES[0]):
    made = ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, InstanceType=kind, SecurityGroupIds=list(groups),
                             Placement={"AvailabilityZone": zone},
                             TagSpecifications=[{"ResourceType": "instance", "Tags": pairs}] if pairs else [])
    return [i["InstanceId"] for i in made["Instances"]]


class Releases:
    """Makes releases of one environment: an image, and a launch configuration or a version of a template."""

    def __init__(self, deployment, env, kind, groups):
        self.deployment, self.env, self.kind, self.groups, self.template = deployment, env, kind, groups, None

    def make(self, stamp, changeset):
        image = ec2.register_image(Name=f"{self.deployment}_{self.env}_web_{stamp}_{changeset}", RootDeviceName="/dev/sda1")["ImageId"]
        name, label = f"{self.deployment}_{self.env}_lc_{stamp}_{changeset}", f"{stamp}_{changeset}"
        if self.kind == "lc":
            autoscaling.create_launch_configuration(LaunchConfigurationName=name, ImageId=image, SecurityGroups=self.groups,
                                                    InstanceType=TYPES["web"])
            return {"image": image, "set": {"LaunchConfigurationName": name}}
        data = {"ImageId": image, "InstanceType": TYPES["web"], "SecurityGroupIds": self.groups}
        label = f"{self.deployment}_{self.env}_web_{label}"
        if self.template is None:
            self.template = f"{self.deployment}_{self.env}_lt"
            ec2.create_launch_template(LaunchTemplateName=self.template, VersionDescription=label, LaunchTemplateData=data)
        else:
            ec2.create_launch_template_version(LaunchTemplateName=self.template, VersionDescription=label, LaunchTemplateData=data)
        return {"image": image, "set": {"LaunchTemplate": {"LaunchTemplateName": self.template, "Version": "$Latest"}}}


def environment(a, env, groups, image):
    lb, group, web = f"{a.deployment}-{env}-lb", f"{a.deployment}-{env}-ag", a.web
    elb.create_load_balancer(LoadBalancerName=lb, AvailabilityZones=ZONES, Listeners=[
        {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80},
        {"Protocol": "TCP", "LoadBalancerPort": 443, "InstanceProtocol": "TCP", "InstancePort": 443}])
    elb.modify_load_balancer_attributes(LoadBalancerName=lb, LoadBalancerAttributes={
        "ConnectionDraining": {"Enabled": True, "Timeout": 300}})
    elb.configure_health_check(LoadBalancerName=lb, HealthCheck={
        "Target": "HTTPS:443/healthcheck.html", "Interval": 10, "Timeout": 5, "UnhealthyThreshold": 2, "HealthyThreshold": 2})
    releases = Releases(a.deployment, env, a.launch, [groups[""], groups["web"]])
    first = releases.make("2026.11.20-08.30.05", OLD)
    behind = min(a.behind, web)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=group, MinSize=1, MaxSize=max(web * 2, 4), DesiredCapacity=behind or web, LoadBalancerNames=[lb],
        HealthCheckType="ELB", HealthCheckGracePeriod=300, AvailabilityZones=ZONES, **first["set"],
        Tags=[dict(t, ResourceId=group, ResourceType="auto-scaling-group", PropagateAtLaunch=True)
              for t in tagged(a.deployment, env, "web")])
    current = first
    if behind:
        current = releases.make("2026.11.21-10.00.00", NEW)
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, **current["set"])
        autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=web)
    servers = {}
    for role in ("db-primary", "db-replica", "cache", "worker"):
        mine = [groups[""]] + [groups[g] for g in GROUPS_OF[role]]
        servers[role] = run(image, TYPES[role], tagged(a.deployment, env, role), groups=mine, zone=ZONES[role == "db-replica"])
    wait(lambda: len(in_service(group)) == web)
    servers["web"] = in_service(group)
    return {"load_balancer": lb, "group": group, "servers": servers, "image": current["image"]}


def in_service(group):
    found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]["Instances"]
    return [i["InstanceId"] for i in found if i["LifecycleState"] == "InService"]


def wait(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit("seed.py: the group did not get its servers in service")
        time.sleep(0.1)


def hostile(a, image):
    """Instances of the deployment that nobody tagged with care."""
    own = {"deployment": a.deployment}
    odd = {
        "nameless": tags(**own, environment="staging", role="worker"),
        "untagged": tags(**own),
        "two-roles": tags(**own, environment="staging", role="web,worker", Name="two"),
        "controls": tags(**own, environment="staging", role="worker\x1b[31m", Name="red\x1b[2J\u202eevil\u0007"),
        "long": tags(**own, environment="staging", role="cache", Name="n" * 4000, Note="x" * 4000),
        "pending": tagged(a.deployment, "staging", "worker-PENDING"),
        "old": tagged(a.deployment, "staging", "db-slave-OLD"),
    }
    made = {name: run(image, "t3.micro", [])[0] for name in odd}
    for name, pairs in odd.items():         # afterwards: the answer to RunInstances repeats tags, and breaks boto3
        ec2.create_tags(Resources=[made[name]], Tags=pairs)
    return made


def metrics(lb, group, server):
    """Ten minutes: 600 requests a minute at 310 ms, of which 24 fail in the last five; CPU of group and server."""
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)

    def put(namespace, name, values, dimension, value, unit):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}], "Value": v, "Unit": unit,
             "Timestamp": now - timedelta(minutes=len(values) - n)} for n, v in enumerate(values)])
    for name, values, unit in (("RequestCount", [600.0] * 10, "Count"), ("Latency", [0.31] * 10, "Seconds"),
                               ("HTTPCode_Backend_5XX", [24.0] * 5, "Count"), ("SurgeQueueLength", [7.0] * 10, "Count")):
        put("AWS/ELB", name, values, "LoadBalancerName", lb, unit)
    put("AWS/EC2", "CPUUtilization", [42.0] * 10, "AutoScalingGroupName", group, "Percent")
    put("AWS/EC2", "CPUUtilization", [77.0] * 10, "InstanceId", server, "Percent")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--deployment", default="myproject")
    p.add_argument("--envs", default="staging", help="names with commas")
    p.add_argument("--web", type=int, default=2, help="web servers of each environment")
    p.add_argument("--launch", choices=["lc", "lt"], default="lc", help="launch configurations or a launch template")
    p.add_argument("--behind", type=int, default=0, help="web servers that still run the release before")
    p.add_argument("--foreign", type=int, default=0, help="instances of somebody else's deployment")
    p.add_argument("--hostile", action="store_true", help="instances with strange tags")
    p.add_argument("--metrics", action="store_true", help="numbers of the first environment")
    a = p.parse_args()
    groups, image = security_groups(a.deployment, default_vpc()), base_image()
    made = {"envs": {env: environment(a, env, groups, image) for env in a.envs.split(",")}}
    if a.foreign:
        made["foreign"] = run(image, "t3.micro", tags(deployment="theirs", environment="staging", role="web"), a.foreign)
    if a.hostile:
        made["hostile"] = hostile(a, image)
    if a.metrics:
        first = next(iter(made["envs"].values()))
        metrics(first["load_balancer"], first["group"], first["servers"]["web"][0])
    print(json.dumps(made))


if __name__ == "__main__":
    main()
