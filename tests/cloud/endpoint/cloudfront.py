"""CloudFront: an invalidation is known again by its reference."""
from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend

from .mending import mend


@mend(CloudFrontBackend)
def create_invalidation(old, self, dist_id, paths, caller_ref):
    for made in self.invalidations.get(dist_id, []):
        if made.caller_ref == caller_ref:
            if made.paths == paths:
                return made
            raise CloudFrontException("InvalidArgument", "Your request contains a caller reference that was used for a previous request with other contents.")
    return old(dist_id, paths, caller_ref)
