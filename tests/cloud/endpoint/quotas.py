"""Service Quotas: what an account may run of EC2, as a test says. moto knows the quotas of VPC only."""
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

from .mending import mend

EC2 = {"L-1216C47A": 1152.0}    # vCPUs of running on-demand instances of the standard families


@mend(ServiceQuotasBackend)
def get_service_quota(old, self, service_code, quota_code):
    if service_code != "ec2":
        return old(service_code, quota_code)
    if quota_code not in EC2:
        raise NoSuchResource
    return {"ServiceCode": "ec2", "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)", "QuotaCode": quota_code,
            "QuotaName": f"Running On-Demand instances ({quota_code})", "Value": EC2[quota_code], "Unit": "None",
            "Adjustable": True, "GlobalQuota": False}
