"""Classic load balancers: states and reasons as AWS words them. No traffic flows; a test says who is healthy, by
instance or by image, and how long it takes."""
import time

from moto.core.responses import ActionResult
from moto.elb.exceptions import ELBClientError, NoActiveLoadBalancerFoundError
from moto.elb.models import ec2_backends
from moto.elb.responses import ELBResponse

from .mending import DELAYS, HOSTS, LOCK, mend

FORCED = {}     # instance or image id -> InService, OutOfService or Registering, as a test said
JOINED = {}     # (load balancer, instance id) -> when it was registered
LEFT = {}       # the same -> when it was deregistered
SENT_TO = []    # private addresses that whoever spreads requests was last told to send them to
USED = set()    # private addresses that requests may be under way with
DRAINS_S = 60   # so long at most a server that left may end its requests
SAID = {
    "InService": ("InService", "N/A", "N/A"),
    "Registering": ("OutOfService", "ELB", "Instance registration is still in progress."),
    "OutOfService": ("OutOfService", "Instance",
                     "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."),
    "Draining": ("InService", "N/A", "Instance deregistration currently in progress."),
}


def instance_of(backend, instance_id):
    instances = ec2_backends[backend.account_id][backend.region_name]
    return next((i for i in instances.all_instances() if i.id == instance_id), None)


def verdict(balancer, instance):
    """What the health checks of a registered server that runs have found."""
    forced = FORCED.get(instance.id) or FORCED.get(instance.image_id)
    if HOSTS:
        return forced or "Registering"      # until it was asked
    waited = time.monotonic() - JOINED.get((balancer.name, instance.id), 0)
    return forced or ("InService" if waited >= DELAYS["healthy"] else "Registering")


def is_draining(balancer, instance):
    since = time.monotonic() - LEFT.get((balancer.name, instance.id), float("-inf"))
    return since < DELAYS["drain"] or (since < DRAINS_S and instance.private_ip in USED)


def health(backend, balancer, instance_id):
    """(state, reason code, description) of one instance."""
    instance = instance_of(backend, instance_id)
    if instance is None or instance.state == "terminated":
        raise ELBClientError("InvalidInstance", f"Could not find EC2 instance {instance_id}.")
    if instance_id not in balancer.instance_ids:
        if is_draining(balancer, instance):
            return SAID["Draining"]
        return "OutOfService", "Instance", "Instance is not currently registered with the LoadBalancer."
    if instance.state != "running":
        return "OutOfService", "Instance", f"Instance is in {instance.state} state."
    return SAID[verdict(balancer, instance)]


def has_failed(backend, names, instance):
    """Whether a load balancer of these names holds a registered server for unhealthy."""
    balancers = filter(None, map(backend.load_balancers.get, names or []))
    return any(instance.id in b.instance_ids and verdict(b, instance) == "OutOfService" for b in balancers)


def serving(backends):
    """Private addresses of the servers that get requests: registered, running and in service."""
    with LOCK:
        balancers = [(b, lb) for account in list(backends.values()) for b in list(account.values()) for lb in b.load_balancers.values()]
        found = [(lb, instance_of(b, i)) for b, lb in balancers for i in lb.instance_ids]
        return sorted(i.private_ip for lb, i in found if i and i.state == "running" and verdict(lb, i) == "InService")


def spread(backends, busy):
    """What `serving` says, for whoever spreads requests: `busy` are the addresses with which some are under way now. Until it
    asks again, it may begin more with those that it was told of the last time; none at all is under way once it is gone."""
    last = list(SENT_TO)
    SENT_TO[:] = serving(backends)
    USED.clear()
    USED.update(busy, last, SENT_TO)
    return SENT_TO


def spread_no_more():
    SENT_TO.clear()
    USED.clear()


def join(balancer, instance_id, by):
    """Registers a server; `by` is the list it then stands in. What it answered before it left counts no more."""
    if instance_id not in balancer.instance_ids:
        for hosts in HOSTS:
            hosts.answers.pop(instance_id, None)
            FORCED.pop(instance_id, None)
        getattr(balancer, by).append(instance_id)
        JOINED[balancer.name, instance_id] = time.monotonic()


def leave(balancer, instance_id):
    """Takes a server out, whoever registered it."""
    if instance_id in balancer.instance_ids:
        LEFT[balancer.name, instance_id] = time.monotonic()
    for name in ("instance_sparse_ids", "instance_autoscaling_ids"):
        setattr(balancer, name, [i for i in getattr(balancer, name) if i != instance_id])


def asked(response):
    """(load balancer, instance ids) of a request."""
    name = response._get_param("LoadBalancerName")
    balancer = response.elb_backend.get_load_balancer(name)
    if balancer is None:
        raise NoActiveLoadBalancerFoundError(name=name)
    return balancer, [i["InstanceId"] for i in response._get_param("Instances", [])]


@mend(ELBResponse)
def describe_instance_health(_, self):
    balancer, ids = asked(self)
    gone = [instance_of(self.elb_backend, i) for name, i in list(LEFT) if name == balancer.name and i not in balancer.instance_ids]
    leaving = [i.id for i in gone if i and is_draining(balancer, i)]
    states = []
    for instance_id in ids or [*balancer.instance_ids, *leaving]:
        try:
            found = health(self.elb_backend, balancer, instance_id)
        except ELBClientError:
            if ids:
                raise
            continue
        states.append(dict(zip(("State", "ReasonCode", "Description"), found), InstanceId=instance_id))
    return ActionResult({"InstanceStates": states})


@mend(ELBResponse)
def register_instances_with_load_balancer(_, self):
    balancer, ids = asked(self)
    for instance_id in ids:
        instance = instance_of(self.elb_backend, instance_id)
        if instance is None or instance.state == "terminated":
            raise ELBClientError("InvalidInstance", f"Could not find EC2 instance {instance_id}.")
    with LOCK:
        for instance_id in ids:
            join(balancer, instance_id, "instance_sparse_ids")
    return ActionResult({"Instances": [{"InstanceId": i} for i in balancer.instance_ids]})


@mend(ELBResponse)
def deregister_instances_from_load_balancer(_, self):
    balancer, ids = asked(self)
    with LOCK:
        for instance_id in ids:
            leave(balancer, instance_id)
    return ActionResult({"Instances": [{"InstanceId": i} for i in balancer.instance_ids]})
