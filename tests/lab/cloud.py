#!/usr/bin/env python3
"""Puts an environment of the lab into the cloud of tests/cloud: instances on the addresses of its hosts, a load
balancer and a group with the web servers. Reads what `tests/lab/environment show` prints; prints what it made as JSON.

  AWS_ENDPOINT_URL=http://127.0.0.1:PORT PYTHONPATH=tests/cloud tests/lab/cloud.py < shown
  AWS_ENDPOINT_URL=…                     PYTHONPATH=tests/cloud tests/lab/cloud.py again HOST I-OLD < shown

  AWS_ENDPOINT_URL=…                     PYTHONPATH=tests/cloud tests/lab/cloud.py bare NETWORK < shown

The second form is a server built anew: the old instance is terminated, another one gets its address. The third makes only
what servers are launched into: a subnet NETWORK.0/24 and security groups; the last, `empty NETWORK`, not even these groups.
"""
import json
import sys

from seed import GROUPS_OF, TYPES, Releases, autoscaling, base_image, ec2, elb, in_service, security_groups, tagged, wait

shown = json.load(sys.stdin)
deployment, env, hosts = shown["project"], shown["environment"], shown["hosts"]
network = sys.argv[2] if sys.argv[1:2] in (["bare"], ["empty"]) else ".".join(hosts["cache"]["address"].split(".")[:3])


def launch(host, image, subnet, groups):
    role = host["role"]
    made = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType=TYPES[role], SubnetId=subnet, PrivateIpAddress=host["address"],
        SecurityGroupIds=[groups[g] for g in ["", *GROUPS_OF[role]]],
        TagSpecifications=[{"ResourceType": "instance", "Tags": tagged(deployment, env, role)}])
    return made["Instances"][0]["InstanceId"]


def place():
    vpc = ec2.create_vpc(CidrBlock=f"{network}.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{network}.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    return vpc, subnet


def ground():
    vpc, subnet = place()
    return subnet, security_groups(deployment, vpc)


def bare():
    subnet, groups = ground()
    return {"image": base_image(), "subnet": subnet, "group": groups[""]}


def empty():
    vpc, _ = place()
    return {"image": base_image(), "vpc": vpc}


def make():
    subnet, groups = ground()
    balancer, group = f"{deployment}-{env}-lb", f"{deployment}-{env}-ag"
    elb.create_load_balancer(LoadBalancerName=balancer, Subnets=[subnet], Listeners=[
        {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80},
        {"Protocol": "TCP", "LoadBalancerPort": 443, "InstanceProtocol": "TCP", "InstancePort": 443}])
    elb.modify_load_balancer_attributes(LoadBalancerName=balancer, LoadBalancerAttributes={
        "ConnectionDraining": {"Enabled": True, "Timeout": 300}})
    elb.configure_health_check(LoadBalancerName=balancer, HealthCheck={
        "Target": "HTTPS:443/healthcheck.html", "Interval": 10, "Timeout": 5, "UnhealthyThreshold": 2, "HealthyThreshold": 2})
    release = Releases(deployment, env, "lc", [groups[""], groups["web"]]).make("2026.11.21-10.00.00", shown["changeset"])
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=group, MinSize=0, MaxSize=4, DesiredCapacity=0, LoadBalancerNames=[balancer],
        HealthCheckType="ELB", HealthCheckGracePeriod=300, VPCZoneIdentifier=subnet, **release["set"],
        Tags=[dict(t, ResourceId=group, ResourceType="auto-scaling-group", PropagateAtLaunch=True)
              for t in tagged(deployment, env, "web")])
    image = base_image()
    made = {name: launch(host, release["image"] if host["role"] == "web" else image, subnet, groups)
            for name, host in hosts.items()}
    web = [made[name] for name, host in hosts.items() if host["role"] == "web"]
    autoscaling.attach_instances(AutoScalingGroupName=group, InstanceIds=web)
    wait(lambda: len(in_service(group)) == len(web))
    return made


def again(name, old):
    found = ec2.describe_instances(InstanceIds=[old])["Reservations"][0]["Instances"][0]
    ec2.terminate_instances(InstanceIds=[old])
    groups = {g["GroupName"].removeprefix(f"{deployment}").removesuffix("-sg").removeprefix("-"): g["GroupId"]
              for g in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [found["VpcId"]]}])["SecurityGroups"]}
    return {name: launch(hosts[name], found["ImageId"], found["SubnetId"], groups)}


match sys.argv[1:]:
    case ["again", *rest]:
        made = again(*rest)
    case ["bare", _]:
        made = bare()
    case ["empty", _]:
        made = empty()
    case _:
        made = make()
print(json.dumps(made))
